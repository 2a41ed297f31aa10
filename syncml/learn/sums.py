"""What comes back to a parameter in a segment, added up.

    total(batch, d)     the sum of ``d`` over the segment, on the clock of its ends
    mean(batch, d)      the same divided by the number of instants

Rule: the sum runs over the instants of a segment in their order, from 0, by the schedule *burst*; by one that has a
single sweep, backwards, from the end to the start (`Segments.total`). Both are used inside of ``with batch``.
"""

from __future__ import annotations

from typing import Any

from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Schedule
from syncml.ir.operators import Op
from syncml.ir.types import Scalar, element
from syncml.lang.kernel import when
from syncml.lang.operations import apply_at, value_of
from syncml.lang.registers import State, state
from syncml.lang.segments import Segments
from syncml.lang.source import here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Value, trace_at

FORWARDS = (Schedule.BURST, Schedule.FIXED_LAG)
"""The schedules by which a sum may run from the start of a segment."""


def number_like(x: Stream[Any], number: float) -> Stream[Any]:
    """A number of the element type of a stream."""
    value = value_of(x, here())
    return x if value.atom is None else stream(Value(Const(number, element(value.type))))


def zeros_like(x: Stream[Any]) -> Stream[Any]:
    """Zeros of the type and the shape of a stream."""
    value = value_of(x, here())
    return x if value.atom is None else stream(Value(zero(value.type)))


def total(block: Segments, d: Stream[Any]) -> Stream[Any]:
    """The sum of ``d`` over each segment, at its end; by a schedule that spreads the work that of the one before."""
    if block.scope.ir.schedule not in FORWARDS:
        return block.total(d)
    so_far: State[Any] = state(init=zeros_like(d))
    so_far.next = so_far + d
    return when(so_far.next, block.last)


def mean(block: Segments, d: Stream[Any]) -> Stream[Any]:
    """The mean of ``d`` over each segment, at its end."""
    place = here()
    value = value_of(d, place)
    count = value_of(when(block.index + 1, block.last), place)
    kind = None if value.atom is None else element(value.type)
    if not isinstance(kind, Scalar) or count.atom is None:
        return total(block, d)
    instants = apply_at(place, trace_at(place, "`mean`"), Op.CAST, [count], kind)
    return total(block, d) / stream(instants)
