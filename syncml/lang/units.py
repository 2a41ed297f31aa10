"""Units in the program: declared on streams, converted where they meet.

Rule: ``in_unit(x, "m/s")`` is ``x`` times the factor that leads from its unit to this one, and has this unit; between
scales of temperature there is a shift, too. Where both are the same, or where nothing has given ``x`` a unit so far, it
is ``x``. The unit of ``x`` is that of its declaration, or that of the streams that it is a choice, sum, product or
memory of; what is found so is held against the whole program by the check of units.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeVar

from syncml.ir.equations.syntax import Apply, Buffer, Fby, Merge, Pack, Post, Rhs, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import element
from syncml.ir.units import KEPT, SiUnit, UnitFault, unit_of
from syncml.lang.literals import literal
from syncml.lang.operations import atom_of, literal_value, typed, value_of
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Trace, Value, fault, trace_at

X = TypeVar("X")


def in_unit(x: Stream[X], unit: str, of: str = "") -> Stream[X]:
    """``x`` in another unit of the same quantity, or a declaration of the unit of ``x``.

    Args:
        x: A stream of numbers, on any clock.
        unit: The unit of the result, such as ``"m/s"``.
        of: The unit of ``x``, where none is known; it is held against what ``x`` is computed from.
    """
    place = here()
    trace = trace_at(place, "`in_unit`")
    value = value_of(x, place)
    if not isinstance(value.atom, Var):
        return stream(value)
    declared = value.atom.unit
    try:
        target = unit_of(unit)
        source = unit_of(of) if of else _found(trace, value.atom) or target
    except UnitFault as wrong:
        return stream(fault("T010", str(wrong), place.span, help=wrong.help))
    if not source.converts_to(target):
        return stream(
            fault(
                "T009",
                f"units do not match: {value.text} is {source}, which does not convert to {target}",
                place.span,
                secondary=value.label(),
                help="give a unit of the same quantity",
            )
        )
    if of and of != declared:
        value = _of_unit(trace, inner(place), value, Apply(Op.COPY, (atom_of(value),)), of)
    if source == target:
        return stream(_of_unit(trace, place, value, Apply(Op.COPY, (atom_of(value),)), unit))
    shift = (source.zero - target.zero) / target.scale
    # A point on a scale is multiplied even by 1: a product with a literal has no unit, so that this is another one.
    steps = [(Op.MUL, source.scale / target.scale)] if source.scale != target.scale or shift else []
    steps += [(Op.ADD, shift)] if shift else []
    for number, (op, by) in enumerate(steps, 1):
        final = number == len(steps)
        value = _step(trace, place if final else inner(place), value, op, by, unit if final else "")
    return stream(value)


def _step(trace: Trace, place: Place, value: Value, op: Op, by: Fraction, unit: str) -> Value:
    found = literal(int(by) if by.denominator == 1 else float(by))
    assert found is not None
    operand = typed(literal_value(found, place), element(value.type), place)
    if operand.atom is None or value.atom is None:
        return operand
    return _of_unit(trace, place, value, Apply(op, (atom_of(value), operand.atom)), unit)


def _found(trace: Trace, var: Var) -> SiUnit | None:
    """The unit of a stream by what it is computed from, as far as that is traced; None where it is not known."""
    defined = {equation.targets[0]: equation.rhs for equation in trace.equations if len(equation.targets) == 1}
    known: dict[Var, SiUnit | None] = {}
    opened: set[Var] = set()
    stack = [var]
    while stack:
        top = stack[-1]
        sources = [] if top.unit or top not in defined else _sources(defined[top])
        if top not in opened:
            opened.add(top)
            stack += [source for source in sources if source not in opened]
            continue
        stack.pop()
        if top.unit:
            known[top] = unit_of(top.unit)
        elif top in defined:
            known[top] = _combined(defined[top], [known.get(source) for source in sources])
    return known.get(var)


def _sources(rhs: Rhs) -> list[Var]:
    """The streams that determine the unit of what ``rhs`` computes."""
    match rhs:
        case Apply(op=Op.WHERE):
            found = rhs.arguments[1:]
        case Apply(op=Op.INDEX | Op.SLICE | Op.AT):
            found = rhs.arguments[:1]
        case Apply(op=op) if op in KEPT:
            found = rhs.arguments
        case Apply(op=Op.MUL | Op.DIV) if all(isinstance(a, Var) for a in rhs.arguments):
            found = rhs.arguments
        case Fby() | Post():
            found = (rhs.following,)
        case When() | Buffer() | Pack():
            found = (rhs.source,)
        case Merge():
            found = tuple(atom for _, atom in rhs.branches)
        case _:
            found = ()
    return [atom for atom in found if isinstance(atom, Var)]


def _combined(rhs: Rhs, units: Sequence[SiUnit | None]) -> SiUnit | None:
    if isinstance(rhs, Apply) and rhs.op in (Op.MUL, Op.DIV):
        if len(units) != 2 or units[0] is None or units[1] is None or units[0].zero or units[1].zero:
            return None
        return units[0] * units[1] if rhs.op is Op.MUL else units[0] / units[1]
    return next((unit for unit in units if unit is not None), None)


def _of_unit(trace: Trace, place: Place, value: Value, rhs: Any, unit: str) -> Value:
    target = trace.variable(value.type, place, "in_unit", unit)
    return trace.equate(target, rhs, place.span, value.presence)
