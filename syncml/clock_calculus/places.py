"""The schedule of a system of unknown words as differences of places, and its earliest solution.

Rule: ``x[target] >= x[source] + weight + wraps * H`` for each edge. The items x are the places I_c(j) of one period of
each unknown c, and of ``lead`` activations before it; item 0 is the origin, to which the places of the base are known.
The earliest solution is the longest path from the origin; a cycle of positive weight means that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from syncml.clock_calculus.systems import BASE_CLOCK, Balance, Constraint, NoSolutionError
from syncml.clock_calculus.words import places
from syncml.dataclass import dataclass
from syncml.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Edge = tuple[int, int, int, int]
"""Source, target, weight, wraps."""

Activation = tuple[str, int]
"""An unknown and the number of one of its activations."""

Places: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class Problem:
    """The difference constraints of a system; ``blocks`` has the first item and the number of items of each unknown."""

    blocks: Mapping[str, tuple[int, int]]
    ones: Balance
    lead: Mapping[str, int]
    burst: int
    edges: tuple[Edge, ...]

    @property
    def items(self) -> int:
        """The number of places, with the origin."""
        return 1 + sum(count for _, count in self.blocks.values())

    def solve(self, length: int, limits: Sequence[Edge] = ()) -> Places | None:
        """The earliest places for the period ``length`` and further edges ``limits``; None if there are none."""
        table = np.array([*self.edges, *limits], dtype=np.int64).reshape(-1, 4)
        table = table[np.argsort(table[:, 1], kind="stable")]
        source, target = table[:, 0], table[:, 1]
        weight = table[:, 2] + table[:, 3] * length
        starts = np.flatnonzero(np.diff(target, prepend=-1))
        targets = target[starts]
        slope = 1 if self.burst == 1 else 0
        found = np.ones(self.items, dtype=np.int64)
        found[0] = 0
        for _ in range(self.items + 1):
            before = found.copy()
            # The places of one unknown ascend: one sweep instead of one round for each of them.
            for first, count in self.blocks.values():
                ramp = np.arange(count) * slope
                found[first : first + count] = np.maximum.accumulate(found[first : first + count] - ramp) + ramp
            if len(table):
                reached = np.maximum.reduceat(found[source] + weight, starts)
                found[targets] = np.maximum(found[targets], reached)
            if found[0] > 0:
                return None
            if np.array_equal(found, before):
                return found
        return None

    def limits(self, constraint: Constraint, slots: int) -> list[Edge]:
        """The edges that say that ``slots`` places suffice for a buffer: each value is read in time for a later one."""
        return [
            _edge(self.blocks, self.ones, reading, writing)
            for writing, reading in pairs(constraint, self.ones, self.lead, shift=slots)
        ]


def problem_of(system: Sequence[Constraint], ones: Balance, lead: Mapping[str, int], burst: int) -> Problem:
    """The difference constraints of a system whose unknowns have ``ones`` ones in a period; sizes are left open."""
    blocks: dict[str, tuple[int, int]] = {}
    first = 1
    for name in ones:
        if name != BASE_CLOCK:
            blocks[name] = first, lead[name] + ones[name]
            first += lead[name] + ones[name]
    edges: dict[Edge, None] = {}

    def before(left: Activation, right: Activation, distance: int = 0) -> None:
        edges.setdefault(_edge(blocks, ones, left, right, distance))

    for name, (_, count) in blocks.items():
        before((name, count), (name, count + 1), 1 if burst == 1 else 0)
        for number in range(1, count + 1) if burst > 1 else ():
            before((name, number), (name, number + burst), 1)
    for constraint in system:
        for writing, reading in pairs(constraint, ones, lead):
            before(writing, reading)
            if constraint.equal:
                before(reading, writing)
    return Problem(blocks, ones, lead, burst, tuple(edges))


def _edge(
    blocks: Mapping[str, tuple[int, int]], ones: Balance, left: Activation, right: Activation, distance: int = 0
) -> Edge:
    """``I_left + distance <= I_right``."""

    def at(name: str, number: int) -> tuple[int, int, int]:
        """``I_name(number)`` as item, constant and wraps."""
        if name == BASE_CLOCK:
            return 0, number, 0
        first, count = blocks[name]
        wraps = max(0, -((count - number) // ones[name]))
        return first + number - 1 - wraps * ones[name], 0, wraps

    source, more, wraps = at(*left)
    target, less, rounds = at(*right)
    return source, target, more - less + distance, wraps - rounds


def pairs(
    constraint: Constraint, ones: Balance, lead: Mapping[str, int], shift: int = 0
) -> Iterable[tuple[Activation, Activation]]:
    """For each value that is written, its writing and the reading of the value ``shift`` values before it.

    Both repeat in the end, and the values of one period from there on stand for all that follow.

    Raises:
        NoSolutionError: more values are read than are ever written.
    """
    left, right = constraint.writer, constraint.reader
    written, read = places(left.word), places(right.word)
    offset = constraint.initial - shift
    settled = (
        max(lead.get(left.unknown, 0), len(left.word.prefix)),
        max(lead.get(right.unknown, 0), len(right.word.prefix)),
    )
    remaining = int(ones[left.unknown] * left.word.rate)
    number = 0
    while remaining >= 0:
        number += 1
        here, there = written(number), read(number + offset) if number + offset >= 1 else 0
        if here is None:
            if there and not shift:
                raise NoSolutionError("more values are read than written", (constraint,), rates=True)
            return
        if there is None:
            return
        if there:
            yield (left.unknown, here), (right.unknown, there)
            remaining -= here > settled[0] and there > settled[1]
