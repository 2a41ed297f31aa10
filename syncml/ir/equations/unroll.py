"""Unrolling: an array of instances becomes one call for each element.

Rule: for ``(c', y) = f^n(c, x, s) :: ck`` with instance ``i``, accumulators ``c``, indexed ``x`` and shared ``s``:

    (c1, y0)  = f(c,  x[0],   s) as i[0]
    (c2, y1)  = f(c1, x[1],   s) as i[1]   ..
    (c', ym)  = f(cm, x[m],   s) as i[m]        m = n - 1;  y = [y0, .., ym]

all on ``ck`` and with the resets of the array; from the last element to the first where it is reversed. The part of an
argument is called ``i[k].x`` after the input of the node, the part of a target ``y[k]``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Iterate, Node, Program, Var
from syncml.ir.operators import Op


def unroll(program: Program, chosen: Callable[[Node, Iterate], bool] = lambda _node, _rhs: True) -> Program:
    """Unroll each array of instances of a clocked program for which ``chosen(node, right side)``."""
    nodes = {n.name: n for n in program.nodes}
    return replace(program, nodes=tuple(_unrolled(n, nodes, chosen) for n in program.nodes))


def _unrolled(node: Node, nodes: dict[str, Node], chosen: Callable[[Node, Iterate], bool]) -> Node:
    if not any(isinstance(e.rhs, Iterate) and chosen(node, e.rhs) for e in node.equations):
        return node
    equations: list[Equation] = []
    clocks = dict(node.clocks)
    for equation in node.equations:
        if isinstance(equation.rhs, Iterate) and chosen(node, equation.rhs):
            equations += _elements(equation, equation.rhs, nodes[equation.rhs.node], clocks)
        else:
            equations.append(equation)
    return replace(node, equations=tuple(equations), clocks=MappingProxyType(clocks))


def _elements(equation: Equation, rhs: Iterate, callee: Node, clocks: dict[Var, Clock]) -> list[Equation]:
    """The calls that stand for ``equation``; the clocks of new variables are added to ``clocks``."""
    clock = equation.clock
    if clock is None:
        raise InternalFault(f"{rhs.instance} is unrolled before its clock is known")
    made: list[Equation] = []

    def fresh(name: str, formal: Var) -> Var:
        var = Var(name, formal.type, equation.span, unit=formal.unit)
        clocks[var] = clock
        return var

    chain: tuple[Atom, ...] = rhs.arguments[: rhs.carried]
    parts: dict[int, tuple[Var, ...]] = {}
    paths = rhs.paths
    for i in rhs.order:
        path = paths[i]
        arguments: list[Atom] = [*chain]
        for position in range(rhs.carried, len(rhs.arguments)):
            argument = rhs.arguments[position]
            if rhs.is_indexed(position):
                formal = callee.inputs[position]
                part = fresh(f"{path}.{formal.name}", formal)
                made.append(Equation((part,), Apply(Op.INDEX, (argument,), (i,)), equation.span, clock))
                argument = part
            arguments.append(argument)
        is_last = i == rhs.order[-1]
        targets = tuple(
            target if is_last and position < rhs.carried else fresh(f"{target.name}[{i}]", formal)
            for position, (target, formal) in enumerate(zip(equation.targets, callee.outputs, strict=True))
        )
        call = Call(rhs.node, tuple(arguments), path, rhs.resets)
        made.append(Equation(targets, call, equation.span, clock))
        chain, parts[i] = targets[: rhs.carried], targets[rhs.carried :]
    for position, target in enumerate(equation.targets[rhs.carried :]):
        collected = tuple(parts[i][position] for i in range(rhs.extent))
        made.append(Equation((target,), Apply(Op.STACK, collected), equation.span, clock))
    return made
