"""Indices, slices, reshaping and reductions of vectors and matrices.

Rule: an index is static (an int, a slice of step 1) or a stream of integers; negative static indices count from the
end, as in NumPy. Axes are taken one after the other, from the first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from syncml.ir.operators import Op
from syncml.ir.types import shape
from syncml.lang.operations import Carrier, apply_at, value_of
from syncml.lang.source import Place, here, inner
from syncml.lang.trace import POISON, Abandoned, Trace, Value, fault, trace_at


def _start(stream: object, what: str) -> tuple[Place, Trace, Value]:
    place = here()
    return place, trace_at(place, what), value_of(stream, place)


def item(stream: object, index: object) -> Value:
    """``stream[index]``."""
    place, trace, value = _start(stream, "an index")
    if value.atom is None:
        return POISON
    parts = cast("tuple[object, ...]", index) if isinstance(index, tuple) else (index,)
    extents = shape(value.type)
    if len(parts) > len(extents):
        what = "a scalar has no elements" if not extents else f"{len(extents)} axes take no {len(parts)} indices"
        return fault("T005" if extents else "T006", what, place.span, secondary=value.label())
    if all(type(part) is int for part in parts):
        static = tuple(_position(cast("int", part), extent) for part, extent in zip(parts, extents, strict=False))
        return apply_at(place, trace, Op.INDEX, [value], static, "item")
    axis = 0
    for number, part in enumerate(parts):
        if value.atom is None:
            return POISON
        value, kept = _along(place if number == len(parts) - 1 else inner(place), trace, value, axis, part)
        axis += kept
    return value


def _position(index: int, extent: int) -> int:
    """A negative index counts from the end; what is out of range stays so, for the message."""
    return index + extent if -extent <= index < 0 else index


def _along(place: Place, trace: Trace, value: Value, axis: int, part: object) -> tuple[Value, bool]:
    """Take ``part`` along ``axis``; whether the axis is still there afterwards."""
    extents = shape(value.type)
    match part:
        case slice():
            bounds = cast("slice[Any, Any, Any]", part)
            start, stop, step = bounds.start, bounds.stop, bounds.step
            if step not in (None, 1) or not all(b is None or type(b) is int for b in (start, stop)):
                return fault("T005", "a slice has constant bounds and step 1", place.span), True
            first = 0 if start is None else _position(start, extents[axis])
            last = extents[axis] if stop is None else _position(stop, extents[axis])
            if (first, last) == (0, extents[axis]):
                return value, True
            return apply_at(place, trace, Op.SLICE, [value], (axis, first, last), "slice"), True
        case int() if type(part) is int:
            front = _in_front(place, trace, value, axis)
            if front.atom is None:
                return POISON, False
            return apply_at(place, trace, Op.INDEX, [front], (_position(part, extents[axis]),), "item"), False
        case Carrier():
            front = _in_front(place, trace, value, axis)
            return apply_at(place, trace, Op.AT, [front, value_of(part, place)], None, "item"), False
        case _:
            message = f"an index is an integer, a slice or a stream of integers, not `{type(part).__name__}`"
            return fault("T005", message, place.span), False


def _in_front(place: Place, trace: Trace, value: Value, axis: int) -> Value:
    """``value`` with ``axis`` moved to the front."""
    if axis == 0:
        return value
    others = (a for a in range(len(shape(value.type))) if a != axis)
    return apply_at(inner(place), trace, Op.TRANSPOSE, [value], (axis, *others))


def elements(stream: object) -> Iterator[Value]:
    """The elements along the first axis, for unpacking and loops."""
    place, trace, value = _start(stream, "a loop")
    if value.atom is None:
        raise Abandoned
    extents = shape(value.type)
    if not extents:
        fault(
            "L011",
            f"a loop over {value.text}, which has one value at each tick",
            place.tree.span(place.node.iter) if place.tree and isinstance(place.node, ast.For) else place.span,
            "this is a scalar stream",
            secondary=value.label(),
            help="to carry a value from tick to tick, use `state`; to unpack several results, return a tuple",
        )
        raise Abandoned
    named = len(place.names) == extents[0] > 1
    spots = [replace(place, names=(name,)) for name in place.names] if named else [place] * extents[0]
    return (apply_at(spot, trace, Op.INDEX, [value], (i,), "item") for i, spot in enumerate(spots))


def transpose(stream: object) -> Value:
    """``stream.T``."""
    place, trace, value = _start(stream, "`.T`")
    if value.atom is None:
        return POISON
    return apply_at(place, trace, Op.TRANSPOSE, [value], tuple(reversed(range(len(shape(value.type))))))


def reshape(stream: object, extents: tuple[int, ...]) -> Value:
    """``stream.reshape(...)``."""
    place, trace, value = _start(stream, "`reshape`")
    if value.atom is None:
        return POISON
    total, known = 1, 1
    for extent in shape(value.type):
        total *= extent
    for extent in extents:
        known *= extent if extent != -1 else 1
    wanted = tuple(total // max(known, 1) if extent == -1 else extent for extent in extents)
    return apply_at(place, trace, Op.RESHAPE, [value], wanted)


def reduce(op: Op, stream: object, axis: int | None) -> Value:
    """A reduction along ``axis``, or of all elements in row-major order."""
    place, trace, value = _start(stream, "a reduction")
    if value.atom is None:
        return POISON
    extents = shape(value.type)
    if axis is None and len(extents) > 1:
        total = 1
        for extent in extents:
            total *= extent
        value = apply_at(inner(place), trace, Op.RESHAPE, [value], (total,))
    return apply_at(place, trace, op, [value], (_position(axis or 0, len(extents)),))
