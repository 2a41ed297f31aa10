"""Units in the program: declared on streams, converted where they meet.

Rule: ``in_unit(x, "m/s")`` is ``x`` times the factor that leads from its unit to this one, and has this unit. Where
both are the same, or where nothing has given ``x`` a unit so far, it is ``x``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from syncml.ir.equations.syntax import Apply, Var
from syncml.ir.operators import Op
from syncml.ir.types import element
from syncml.ir.units import UnitFault, unit_of
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
        of: The unit of ``x``, where none is declared; it is held against what ``x`` is computed from.
    """
    place = here()
    trace = trace_at(place, "`in_unit`")
    value = value_of(x, place)
    if not isinstance(value.atom, Var):
        return stream(value)
    declared = value.atom.unit
    try:
        target = unit_of(unit)
        source = unit_of(of or declared or unit)
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
    factor = source.scale / target.scale
    if factor == 1:
        return stream(_of_unit(trace, place, value, Apply(Op.COPY, (atom_of(value),)), unit))
    return stream(_scaled(trace, place, value, float(factor), unit))


def _scaled(trace: Trace, place: Place, value: Value, factor: float, unit: str) -> Value:
    found = literal(int(factor) if factor == int(factor) else factor)
    assert found is not None
    by = typed(literal_value(found, place), element(value.type), place)
    if by.atom is None:
        return by
    return _of_unit(trace, place, value, Apply(Op.MUL, (atom_of(value), by.atom)), unit)


def _of_unit(trace: Trace, place: Place, value: Value, rhs: Any, unit: str) -> Value:
    target = trace.variable(value.type, place, "in_unit", unit)
    return trace.equate(target, rhs, place.span, value.presence)
