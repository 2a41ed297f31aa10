"""The end of tracing a node: its outputs get their names and units, and what was left open is reported.

Rule: an output is a variable that the node computes, and no other output. A result that the user named keeps that
name; others are called ``out``. A result that is an input, a constant or another result is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from syncml.diagnostics.model import Span
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Rhs,
    Var,
)
from syncml.ir.operators import Op
from syncml.lang.operations import atom_of
from syncml.lang.presence import Presence, Sampled, resolve
from syncml.lang.trace import Trace, Value


def outputs_of(
    trace: Trace, inputs: Sequence[Var], results: Sequence[tuple[str, str, Value]], returned: Span
) -> tuple[list[Var], list[Presence | None]]:
    """The variables of ``results`` (name, unit, value) and their clocks; ``trace`` is renamed and completed."""
    taken: set[Var] = set(inputs)
    new: dict[Var, Var] = {}
    outputs: list[Var] = []
    for name, unit, value in results:
        atom = atom_of(value)
        other_unit = isinstance(atom, Var) and bool(unit and atom.unit and unit != atom.unit)
        if isinstance(atom, Var) and atom not in taken and not other_unit:
            taken.add(atom)
            if not atom.user or (unit and not atom.unit):
                called = atom.name if atom.user else trace.names.fresh(name)
                new[atom] = replace(atom, name=called, user=True, unit=unit or atom.unit)
            outputs.append(atom)
            continue
        base = f"{atom.name}_out" if isinstance(atom, Var) else name
        span = returned if other_unit else atom.span if isinstance(atom, Var) else trace.span
        given = unit or (atom.unit if isinstance(atom, Var) else "")
        copied = Var(trace.names.fresh(base), value.type, span, True, given)
        trace.equations.append(Equation((copied,), Apply(Op.COPY, (atom,)), span))
        outputs.append(copied)
    if new:
        rename_all(trace, new)
    presences = [_renamed(value.presence, new) for _, _, value in results]
    return [new.get(var, var) for var in outputs], presences


def rename_all(trace: Trace, new: Mapping[Var, Var]) -> None:
    """Replace variables in all equations and clauses."""

    def var(old: Var) -> Var:
        return new.get(old, old)

    trace.equations[:] = [
        Equation(tuple(map(var, equation.targets)), rename(equation.rhs, var), equation.span)
        for equation in trace.equations
    ]
    trace.within = {var(v): (var(c), constructor) for v, (c, constructor) in trace.within.items()}
    trace.beside = {var(v): var(other) for v, other in trace.beside.items()}
    trace.properties[:] = [replace(clause, holds=var(clause.holds)) for clause in trace.properties]


def rename(rhs: Rhs, var: Callable[[Var], Var]) -> Rhs:
    """``rhs`` with every variable replaced."""

    def atom(old: Atom) -> Atom:
        return var(old) if isinstance(old, Var) else old

    return rewritten(rhs, atom, var)


def _renamed(presence: Presence | None, new: Mapping[Var, Var]) -> Presence | None:
    if presence is None:
        return None
    found = resolve(presence)
    if isinstance(found, Sampled) and found.condition is not None:
        parent = _renamed(found.parent, new)
        return replace(found, parent=parent or found.parent, condition=new.get(found.condition, found.condition))
    return found
