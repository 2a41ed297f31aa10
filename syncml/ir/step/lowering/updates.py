"""Conditional updates of arrays become updates.

Rule: ``where(c, update(a, v, i), a)`` is ``update(a, v, where(c, i, -1))``, with the sides exchanged too: -1 is out of
range, and an update there changes nothing. The result can be computed in the place of ``a``, which a choice between
two arrays cannot.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import Clock
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Node, Program, Var, atoms
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, UNSIGNED, Scalar, Type, element


def guard_updates(program: Program) -> Program:
    """``program`` with the choices between an array and its update rewritten."""
    return replace(program, nodes=tuple(map(_guarded, program.nodes)))


def _guarded(node: Node) -> Node:
    updates = {
        e.target: e for e in node.equations if isinstance(e.rhs, Apply) and e.rhs.op is Op.UPDATE
    }  # fmt: skip
    if not updates:
        return node
    uses = Counter(a for e in node.equations for a in atoms(e.rhs) if isinstance(a, Var))
    uses.update((*node.outputs, *(p.holds for p in node.properties)))
    names = {v.name for v in node.inputs} | {t.name for e in node.equations for t in e.targets}
    clocks = dict(node.clocks)
    equations: list[Equation] = []

    def fresh(equation: Equation, role: str, type_: Type, rhs: Apply) -> Var:
        name, number = f"{equation.target.name}_{role}", 1
        while name in names:
            number += 1
            name = f"{equation.target.name}_{role}_{number}"
        names.add(name)
        var = Var(name, type_, equation.span)
        clocks[var] = _clock(equation)
        equations.append(Equation((var,), rhs, equation.span, equation.clock))
        return var

    for equation in node.equations:
        found = _choice(equation, updates)
        if found is None or uses[found[1].target] > 1:
            equations.append(equation)
            continue
        condition, update, chosen = found
        assert isinstance(update.rhs, Apply)
        source, value, first, *others = update.rhs.arguments
        kind = element(first.type)
        if kind in UNSIGNED:
            first, kind = fresh(equation, "index", Scalar.I64, Apply(Op.CAST, (first,), Scalar.I64)), Scalar.I64
        sides: tuple[Atom, Atom] = (first, Const(-1, kind)) if chosen else (Const(-1, kind), first)
        place = fresh(equation, "place", kind, Apply(Op.WHERE, (condition, *sides)))
        equations.append(replace(equation, rhs=Apply(Op.UPDATE, (source, value, place, *others))))
    return replace(node, equations=tuple(equations), clocks=MappingProxyType(clocks))


def _choice(equation: Equation, updates: dict[Var, Equation]) -> tuple[Atom, Equation, bool] | None:
    """The condition of a choice between an array and its update, the update, and the value that chooses it."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply) or rhs.op is not Op.WHERE or rhs.arguments[0].type is not BOOL:
        return None
    condition, yes, no = rhs.arguments
    for changed, kept, chosen in ((yes, no, True), (no, yes, False)):
        update = updates.get(changed) if isinstance(changed, Var) else None
        if update is not None and kept is _source(update) and update.clock == equation.clock:
            return condition, update, chosen
    return None


def _source(update: Equation) -> Atom:
    assert isinstance(update.rhs, Apply)
    return update.rhs.arguments[0]


def _clock(equation: Equation) -> Clock:
    assert equation.clock is not None
    return equation.clock
