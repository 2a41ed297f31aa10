"""When the rows of a group of maps are computed, and how many of each are there together.

Rule: that of `syncml.ir.step.schedules.lines`: row r of a map M is computed in iteration ``r + delay(M)``,

    delay(M) = max over the rows of S that it reads of (delay(S) + their distance)
    depth(S) = max over the rows of S that M reads of (delay(M) - delay(S) - their distance) + 1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.schedules.line_maps import Group, Piece, Reach, Reduction, Span, accesses, reach, set_by
from syncml.ir.step.syntax import Assign, Literal, Machine, Place, Slot, Stmt
from syncml.ir.step.traverse import own_expressions, statements, walk, writes
from syncml.ir.types import shape

Part: TypeAlias = Piece | Reduction


@dataclass(frozen=True, slots=True)
class Times:
    """When the rows of a group are computed.

    Attributes:
        delay: The iteration in which each map, or reduction, has its row 0.
        depth: How many rows of each map its readers reach, the newest included.
        whole: The maps that are read by others too.
    """

    group: Group
    readings: Mapping[Part, tuple[tuple[Slot, Reach], ...]]
    delay: Mapping[Slot, int]
    depth: Mapping[Slot, int]
    whole: frozenset[Slot]

    def span(self, part: Part) -> Span:
        """When ``part`` is computed."""
        first = part.first + self.delay[part.target]
        return first, first + part.count

    @property
    def count(self) -> int:
        """The number of iterations."""
        return max(self.span(part)[1] for part in self.group.parts)

    def oldest(self, part: Part, slot: Slot) -> int:
        """Where, among the rows of ``slot`` that are there, the row is that ``part`` is at; the oldest is at 0."""
        return self.depth[slot] - 1 - (part.first + self.delay[part.target] - self.delay[slot])

    def pieces(self, slot: Slot) -> tuple[Piece, ...]:
        """The stretches of rows of a map."""
        return tuple(p for p in self.group.parts if isinstance(p, Piece) and p.target is slot)

    def is_repeated(self, part: Piece) -> bool:
        """Whether each row has the same constant there, in which case it is set again and not kept."""
        if part.count < shape(part.target.type)[part.axis] or self.depth[part.target] == 1:
            return False
        return constant_of(part) is not None and self.is_alone(part)

    def is_alone(self, part: Piece) -> bool:
        """Whether no other piece sets an element that ``part`` sets."""
        box = set_by(part)
        others = (set_by(piece) for piece in self.pieces(part.target) if piece is not part)
        return not any(
            all(low < stop and first < high for (low, high), (first, stop) in zip(box, other, strict=True))
            for other in others
        )

    def is_filled(self, slot: Slot) -> bool:
        """Whether the newest row is zero at first: something reads it where nothing has to have set it."""
        blocks = self.blocks()
        own = {blocks[part] for part in self.pieces(slot) if not self.is_repeated(part)}
        read = {blocks[part] for part, found in self.readings.items() if any(s is slot for s, _ in found)}
        always = all(span == (0, self.count) for span, _ in own)
        return self.depth[slot] > 1 or len(own) > 1 or not (always or read <= own)

    def blocks(self) -> dict[Part, tuple[Span, int]]:
        """The block in which each part is computed: neighbours at the same iterations are under one test."""
        found: dict[Part, tuple[Span, int]] = {}
        number, before = 0, None
        for part in self.group.parts:
            span = self.span(part)
            if isinstance(part, Piece) and self._is_set_before(part):
                found[part] = span, -1
                continue
            number += span != before
            found[part] = span, number
            # The rows of a line go back to its buffer after the last of its pieces.
            is_line = isinstance(part, Piece) and self.depth[part.target] > 1 and part is self.pieces(part.target)[-1]
            before = None if is_line else span
        return found

    def _is_set_before(self, part: Piece) -> bool:
        """Whether all that ``part`` sets is what is there before any piece of its map is computed."""
        if part.target in self.whole or constant_of(part) is None or not self.is_alone(part):
            return False
        spans = {self.span(piece) for piece in self.pieces(part.target)}
        return self.is_repeated(part) or (is_zero(part) and (self.depth[part.target] > 1 or len(spans) > 1))


def times_of(group: Group, machine: Machine, block: tuple[Stmt, ...]) -> Times:
    """The least delays, and what follows from them; maps that read no other come as late as their readers allow."""
    readings = {part: tuple(_readings(part, group.axes)) for part in group.parts}
    reading = {part.target for part, read in readings.items() if read}
    delay = {slot: 0 for slot in group.maps if slot not in reading}
    for part, read in readings.items():
        if read:
            needed = max(delay[s] + r.high - part.first for s, r in read)
            delay[part.target] = max(needed, delay.get(part.target, needed))

    def asked(slot: Slot) -> Iterator[int]:
        for part, read in readings.items():
            yield from (delay[part.target] + part.first - r.high for s, r in read if s is slot)

    delay |= {slot: min(asked(slot), default=0) for slot in group.maps if slot not in reading}
    least = min(delay.values())
    delay = {slot: at - least for slot, at in delay.items()}
    depth = dict.fromkeys(group.maps, 1)
    for part, read in readings.items():
        for s, r in read:
            depth[s] = max(depth[s], delay[part.target] + part.first - r.low - delay[s] + 1)
    inside, everywhere = _mentions(block[group.start : group.stop]), _mentions(machine.body)
    whole = frozenset(s for s in group.maps if inside[s] < everywhere[s])
    return Times(group, readings, delay, depth, whole)


def constant_of(part: Piece) -> Const | None:
    """The constant that ``part`` sets all its elements to, if it does nothing else."""
    assigned = [stmt for stmt in statements((part.stmt,)) if isinstance(stmt, Assign)]
    values = [stmt.value for stmt in assigned]
    match values:
        case [Literal(value)]:
            return value
        case _:
            return None


def is_zero(part: Piece) -> bool:
    """Whether ``part`` sets nothing but zeros."""
    value = constant_of(part)
    return value is not None and not np.asarray(value.machine()).tobytes().strip(b"\0")


def _readings(part: Part, axes: Mapping[Slot, int]) -> Iterator[tuple[Slot, Reach]]:
    for slot, axis in axes.items():
        if slot is not part.target:
            for place in accesses(part.stmt, slot):
                found = reach(place, axis, part)
                assert found is not None
                yield slot, found


def _mentions(body: Iterable[Stmt]) -> Counter[Slot]:
    found: Counter[Slot] = Counter()
    for stmt in statements(body):
        found.update(part.slot for expr in own_expressions(stmt) for part in walk(expr) if isinstance(part, Place))
        found.update(writes(stmt))
    return found
