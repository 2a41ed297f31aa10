"""Constants in the order in which a schedule reads them.

Rule: an element of a constant has one place in the new array: each axis is split into the number of the tile and the
place in the tile, and these digits are reordered: tiles first, then terms, then what is inside of a tile. Only a
constant that one accumulation alone reads, with a counter for each index, is laid out anew; `Layout` says where each
element of what the user wrote is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const
from syncml.ir.step.schedules.accumulation import Accumulation
from syncml.ir.step.schedules.choose import Schedule
from syncml.ir.step.syntax import Digit, Invoke, Layout, Literal, LoopIndex, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import own_expressions, statements, walk
from syncml.ir.types import element, shape, tensor


class Part(Enum):
    """What an index of a constant that was laid out anew is of a counter of the accumulation."""

    WHOLE = "whole"
    BLOCK = "block"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A constant in its new order, and what its indices are."""

    slot: Slot
    digits: tuple[tuple[LoopIndex, Part], ...]


def constants_read_once(body: Iterable[Stmt]) -> frozenset[Slot]:
    """The constant tensors that one expression reads, element by element."""
    found: Counter[Slot] = Counter()
    for stmt in statements(body):
        for expr in own_expressions(stmt):
            for part in walk(expr):
                if isinstance(part, Place) and part.slot.storage is Storage.CONSTANT:
                    found[part.slot] += 1 if part.indices and not isinstance(stmt, Invoke) else 2
    return frozenset(slot for slot, count in found.items() if count == 1)


def laid_out(made: Accumulation, schedule: Schedule, free: frozenset[Slot]) -> dict[Slot, LaidOut]:
    """The constants of ``free`` that ``made`` reads, in the order in which ``schedule`` does."""
    found: dict[Slot, LaidOut] = {}
    for part in walk(made.update):
        axis_of = _counters(part) if isinstance(part, Place) and part.slot in free else None
        if isinstance(part, Place) and axis_of is not None:
            new = _laid_out(part.slot, axis_of, made, schedule)
            if new is not None:
                found[part.slot] = new
    return found


def _counters(place: Place) -> dict[LoopIndex, int] | None:
    """The axis of each counter, if every axis but those of one element has a counter of its own."""
    found: dict[LoopIndex, int] = {}
    for axis, (counter, extent) in enumerate(zip(place.indices, shape(place.slot.type), strict=True)):
        if isinstance(counter, LoopIndex) and counter not in found:
            found[counter] = axis
        elif not isinstance(counter, Literal) or extent > 1:
            return None
    return found


def _laid_out(slot: Slot, axis_of: Mapping[LoopIndex, int], made: Accumulation, schedule: Schedule) -> LaidOut | None:
    whole = all(axis.extent % tile == 0 for axis, tile in zip(made.results, schedule.tile, strict=True))
    outside: list[tuple[LoopIndex, Part, Digit]] = []
    inside: list[tuple[LoopIndex, Part, Digit]] = []
    for axis, tile in zip(made.results, schedule.tile, strict=True):
        counter = axis.index
        if counter not in axis_of:
            continue
        number = axis_of[counter]
        if not whole or tile in (1, axis.extent):
            part = (counter, Part.WHOLE, Digit(number, 1, axis.extent))
            (outside if whole and tile == 1 else inside).append(part)
        else:
            outside.append((counter, Part.BLOCK, Digit(number, tile, axis.extent // tile)))
            inside.append((counter, Part.INSIDE, Digit(number, 1, tile)))
    terms = [
        (axis.index, Part.WHOLE, Digit(axis_of[axis.index], 1, axis.extent))
        for axis in made.terms
        if axis.index in axis_of
    ]
    parts = [*outside, *terms, *inside]
    if {counter for counter, _, _ in parts} != set(axis_of):
        return None
    digits = tuple(digit for _, _, digit in parts)
    if [digit.axis for digit in digits] == sorted(axis_of.values()):
        return None
    return LaidOut(rearranged(slot, digits), tuple((counter, part) for counter, part, _ in parts))


def rearranged(slot: Slot, digits: tuple[Digit, ...]) -> Slot:
    """The CONSTANT tensor ``slot`` with an axis for each of ``digits``, which are ordered by stride within an axis."""
    contents = slot.initial.value if isinstance(slot.initial, Const) else slot.initial
    assert isinstance(contents, Array)
    split: list[int] = []
    where: dict[Digit, int] = {}
    for axis in range(len(shape(slot.type))):
        for digit in sorted((d for d in digits if d.axis == axis), key=lambda d: -d.stride):
            where[digit] = len(split)
            split.append(digit.extent)
    values = contents.numpy().reshape(split).transpose([where[digit] for digit in digits])
    array = Array.of(np.ascontiguousarray(values), contents.element)
    kind = element(slot.type)
    before = slot.layout or Layout(slot.name, shape(slot.type), _plain(shape(slot.type)))
    layout = Layout(before.name, before.shape, tuple(_composed(digit, before.digits) for digit in digits))
    name = before.name if isinstance(slot.initial, Const) else slot.name
    initial = Const(array, kind, name)
    return Slot(slot.name, tensor(kind, values.shape), Storage.CONSTANT, initial, slot.origin, layout=layout)


def _plain(extents: tuple[int, ...]) -> tuple[Digit, ...]:
    return tuple(Digit(axis, 1, extent) for axis, extent in enumerate(extents))


def _composed(digit: Digit, before: tuple[Digit, ...]) -> Digit:
    """A digit of an axis that is a digit itself."""
    outer = before[digit.axis]
    return Digit(outer.axis, outer.stride * digit.stride, digit.extent)


def description(layout: Layout, names: Mapping[int, str] | None = None) -> str:
    """Where the elements are, for a reader: ``w[i * 16 + k][j] is at [i][j][k]``."""
    letters = names or dict(enumerate("ijklmnpq"))
    terms: dict[int, list[str]] = {axis: [] for axis in range(len(layout.shape))}
    for position, digit in sorted(enumerate(layout.digits), key=lambda item: -item[1].stride):
        letter = letters.get(position, f"i{position}")
        terms[digit.axis].append(letter if digit.stride == 1 else f"{letter} * {digit.stride}")
    source = "".join(f"[{' + '.join(parts) or '0'}]" for parts in terms.values())
    place = "".join(f"[{letters.get(n, f'i{n}')}]" for n in range(len(layout.digits)))
    return f"{layout.name}{source} is at {place}"
