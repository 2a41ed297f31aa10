"""The control of a node: what decides its clauses, with floating-point data left open.

Rule: a stream that is computed from floats and is no float itself (a comparison, a conversion) becomes an input; of
the rest only what the clauses depend on is kept. Every run of the node under machine semantics is a run of its control
with some inputs, however floats are rounded, so what is proved of the control holds for the node.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Apply, Equation, Node, Var, atoms
from syncml.ir.types import FLOATS, Scalar, element


def control(node: Node) -> Node:
    """The control of a flat clocked node; what it takes from data are inputs after its own."""
    definition = {t: e for e in node.equations for t in e.targets}
    pending = [p.holds for p in node.properties]
    reached: set[Var] = set()
    kept: set[int] = set()
    opened: list[Var] = []
    while pending:
        var = pending.pop()
        if var in reached:
            continue
        reached.add(var)
        pending += conditions(node.clocks[var])
        if var not in definition:
            continue
        equation = definition[var]
        if _rounds(equation):
            opened.append(var)
            continue
        kept.add(id(equation))
        pending += (a for a in atoms(equation.rhs) if isinstance(a, Var))
    return replace(
        node,
        inputs=(*(v for v in node.inputs if v in reached), *opened),
        outputs=(),
        equations=tuple(e for e in node.equations if id(e) in kept),
        clocks=MappingProxyType({v: c for v, c in node.clocks.items() if v in reached}),
    )


def _rounds(equation: Equation) -> bool:
    """Whether floats decide a stream that is none."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply) or _is_float(equation.target):
        return False
    return any(isinstance(a, Var) and _is_float(a) for a in rhs.arguments)


def _is_float(var: Var) -> bool:
    return element(var.type) in FLOATS or element(var.type) is Scalar.REAL
