"""Indices, slices, updates, reshaping and reductions of vectors and matrices.

Rule: an index is static (an int, a slice) or a stream of integers; negative static indices count from the end, as in
NumPy. Axes are taken one after the other, from the first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any, cast

from syncml.ir.constants import Const
from syncml.ir.operators import Op
from syncml.ir.types import INTEGERS, MACHINE_INTEGERS, element, integer_range, shape
from syncml.lang.operations import Carrier, apply_at, typed, value_of
from syncml.lang.source import Place, here, inner
from syncml.lang.trace import POISON, Abandoned, Trace, Value, fault, trace_at
from syncml.lang.types import type_text


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
            chosen = _chosen(bounds, extents[axis], place)
            if chosen is None:
                return POISON, True
            if chosen == range(extents[axis]):
                return value, True
            attribute = (axis, chosen.start, len(chosen), chosen.step)
            return apply_at(place, trace, Op.SLICE, [value], attribute, "slice"), True
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


def _chosen(bounds: slice[Any, Any, Any], extent: int, place: Place) -> range | None:
    """The positions that a slice selects, at least one; None, and a report, where its bounds do not fit."""
    given = (bounds.start, bounds.stop, bounds.step)
    if not all(b is None or type(b) is int for b in given) or bounds.step == 0:
        dynamic = any(isinstance(b, Carrier) for b in given)
        help_ = "for part of an array from a dynamic index on, write x.window(start, 3)" if dynamic else None
        fault("T005", "a slice has constant bounds and a constant step that is not 0", place.span, help=help_)
        return None
    written = ":".join("" if b is None else str(b) for b in (given if given[2] is not None else given[:2]))
    if any(b is not None and not -extent <= b <= extent for b in given[:2]):
        fault("T005", f"the slice {written} does not fit an axis of {extent}", place.span)
        return None
    chosen = range(extent)[bounds]
    if not chosen:
        fault("T005", f"the slice {written} of an axis of {extent} is empty", place.span,
              help="an array has at least one element")  # fmt: skip
        return None
    return chosen


def window(stream: object, start: object, count: object) -> Value:
    """``stream.window(start, count)``."""
    place, trace, value = _start(stream, "`window`")
    position = value_of(start, place)
    if value.atom is None or position.atom is None:
        return POISON
    if type(count) is not int:
        return fault("T005", "the size of a window is a Python integer", place.span)
    return apply_at(place, trace, Op.WINDOW, [value, position], (count,))


def _places(value: Value, index: object, place: Place) -> list[Value] | None:
    """The indices of an update, checked where they are static."""
    parts = cast("tuple[object, ...]", index) if isinstance(index, tuple) else (index,)
    extents = shape(value.type)
    if len(parts) > len(extents):
        what = "a scalar has no elements" if not extents else f"{len(extents)} axes take no {len(parts)} indices"
        fault("T005" if extents else "T006", what, place.span, secondary=value.label())
        return None
    found: list[Value] = []
    for part, extent in zip(parts, extents, strict=False):
        kind = type(part).__name__
        if type(part) is int:
            position = _position(part, extent)
            if not 0 <= position < extent:
                fault("T005", f"index {part} is out of range for an axis of {extent}", place.span)
                return None
            found.append(value_of(position, place))
        elif isinstance(part, Carrier):
            found.append(value_of(part, place))
        else:
            what = f"`.at` takes an integer or a stream of integers, not `{kind}`"
            help_ = "to replace a slice, write concat(x[:1], new, x[3:])" if kind == "slice" else None
            fault("T005", what, place.span, help=help_)
            return None
    return found if all(v.atom is not None for v in found) else None


def update(stream: object, index: object, new: object) -> Value:
    """``stream.at[index].set(new)``."""
    place, trace, value = _start(stream, "`.at`")
    given = value_of(new, place)
    if value.atom is None or given.atom is None:
        return POISON
    places = _places(value, index, place)
    if places is None:
        return POISON
    given = typed(given, element(value.type), place, shape(value.type)[len(places) :])
    return apply_at(place, trace, Op.UPDATE, [value, given, *places])


def item_or(stream: object, index: object, default: object) -> Value:
    """``stream.at[index].get(default)``: the element where every index is in range, else the default."""
    place, trace, value = _start(stream, "`.at`")
    other = value_of(default, place)
    if value.atom is None or other.atom is None:
        return POISON
    places = _places(value, index, place)
    if places is None:
        return POISON
    inside: Value | None = None
    found = value
    for position, extent in zip(places, shape(value.type), strict=False):
        tests = _within(inner(place), trace, position, extent)
        for test in tests:
            inside = test if inside is None else apply_at(inner(place), trace, Op.AND, [inside, test])
        found = apply_at(inner(place), trace, Op.AT, [found, position], None, "item")
    if found.atom is None or inside is None:
        return found
    return apply_at(place, trace, Op.WHERE, [inside, found, typed(other, element(found.type), place)], None, "item")


def _within(place: Place, trace: Trace, position: Value, extent: int) -> list[Value]:
    """The tests that are not known to hold that ``position`` is in an axis of ``extent``."""
    kind = element(position.type)
    low, high = integer_range(kind) if kind in MACHINE_INTEGERS else (-1, extent)
    if isinstance(position.atom, Const) or shape(position.type) or kind not in INTEGERS:
        return []
    tests: list[Value] = []
    if low < 0:
        tests.append(apply_at(place, trace, Op.GE, [position, Value(Const(0, kind))]))
    if high >= extent:
        tests.append(apply_at(place, trace, Op.LT, [position, Value(Const(extent, kind))]))
    return tests


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


def transpose(stream: object, axes: tuple[int, ...] | None = None) -> Value:
    """``stream.T``, or ``stream.transpose(*axes)``."""
    place, trace, value = _start(stream, "`.T`" if axes is None else "`transpose`")
    if value.atom is None:
        return POISON
    rank = len(shape(value.type))
    order = tuple(reversed(range(rank))) if axes is None else tuple(_position(axis, rank) for axis in axes)
    return apply_at(place, trace, Op.TRANSPOSE, [value], order)


def reshape(stream: object, extents: tuple[int, ...]) -> Value:
    """``stream.reshape(...)``."""
    place, trace, value = _start(stream, "`reshape`")
    if value.atom is None:
        return POISON
    total, known = prod(shape(value.type)), prod(extent for extent in extents if extent != -1)
    wanted = tuple(total // max(known, 1) if extent == -1 else extent for extent in extents)
    return apply_at(place, trace, Op.RESHAPE, [value], wanted)


def windows(stream: object, size: object, stride: object, dilation: object, axis: object) -> Value:
    """``stream.windows(size, stride, dilation, axis)``."""
    place, trace, value = _start(stream, "`windows`")
    if value.atom is None:
        return POISON
    for what, given in (("size", size), ("stride", stride), ("dilation", dilation), ("axis", axis)):
        if type(given) is not int:
            return fault("T005", f"the {what} of windows is a Python integer", place.span)
    rank = len(shape(value.type))
    attribute = (_position(cast("int", axis), rank), *(cast("int", n) for n in (size, stride, dilation)))
    return apply_at(place, trace, Op.UNFOLD, [value], attribute)


def reduce(op: Op, stream: object, axis: object) -> Value:
    """A reduction along ``axis``, or of all elements in row-major order."""
    place, trace, value = _start(stream, "a reduction")
    return _reduced(place, trace, op, value, axis)


def mean(stream: object, axis: object) -> Value:
    """The sum along ``axis``, or of all elements, divided by how many there are."""
    place, trace, value = _start(stream, "a reduction")
    if value.atom is not None and element(value.type) in INTEGERS:
        return fault("T006", f"the mean of {type_text(value.type)}", place.span, secondary=value.label(),
                     help="convert to floats first: cast(x, f32).mean()")  # fmt: skip
    total = _reduced(inner(place), trace, Op.SUM, value, axis)
    if total.atom is None or value.atom is None:
        return POISON
    count = prod(shape(value.type)) // prod(shape(total.type))
    return apply_at(place, trace, Op.DIV, [total, typed(value_of(float(count), place), element(value.type), place)])


def _reduced(place: Place, trace: Trace, op: Op, value: Value, axis: object) -> Value:
    if value.atom is None:
        return POISON
    extents = shape(value.type)
    if axis is not None and type(axis) is not int:
        return fault("T005", "the axis of a reduction is one Python integer", place.span,
                     help="reduce one axis after the other, or all without `axis`")  # fmt: skip
    if type(axis) is int and extents and not -len(extents) <= axis < len(extents):
        message = f"axis {axis} is out of range: {type_text(value.type)} has {len(extents)}"
        return fault("T005", message, place.span, secondary=value.label())
    if axis is None and len(extents) > 1:
        value = apply_at(inner(place), trace, Op.RESHAPE, [value], (prod(extents),))
        extents = shape(value.type)
    return apply_at(place, trace, op, [value], (_position(axis if type(axis) is int else 0, len(extents)),))
