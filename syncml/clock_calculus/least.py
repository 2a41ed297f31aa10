"""Words for unknowns, with the shortest period and then the least buffers.

Rule: the period H is the least for which the places of all activations exist; for this H the total of the sizes of the
buffers is minimised. For given sizes the places are again differences, so the search is over vectors of sizes alone,
from the least size that each buffer has on its own upwards, and cut off where the total cannot get better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from syncml.clock_calculus.places import Edge, Places, Problem, problem_of
from syncml.clock_calculus.systems import BASE_CLOCK, Balance, Constraint, NoSolutionError, repetition_vector
from syncml.clock_calculus.words import BufferSize, adaptable, buffer_between, on, shortest
from syncml.dataclass import dataclass
from syncml.ir.clocks import ALWAYS, Word
from syncml.lazy import numpy as np

LONGEST_PERIOD = 100_000
"""The most activations of one unknown in one period for which words are sought."""

MOST_UNFOLDED = 3
"""How many times the least number of activations a period may have."""

SLOWEST = 64
"""How many times longer than the least conceivable one a period may be."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Words that solve a system.

    Attributes:
        words: The word of each unknown.
        ones: The number of ones in the period of each, as far as they have one in common.
        sizes: For each buffer of the system, in its order, what it needs; None for an equation.
        proved: Whether no words of these periods have smaller buffers in total; if not, the effort was spent.
    """

    words: Mapping[str, Word]
    ones: Balance
    sizes: tuple[BufferSize | None, ...]
    proved: bool

    @property
    def total(self) -> int:
        """The places of all buffers."""
        return sum(size.bypassed for size in self.sizes if size is not None)


EFFORT = 2000
"""How many vectors of sizes are tried for one connected system, unless the caller says otherwise."""


@dataclass(slots=True)
class _Effort:
    """What is left of the effort; it is counted and not timed, so that every machine finds the same words."""

    left: int

    def spend(self) -> bool:
        """Whether one more trial is allowed."""
        self.left -= 1
        return self.left >= 0


def solve_system(constraints: Iterable[Constraint], burst: int = 1, effort: int = EFFORT) -> Solution:
    """Find words for the unknowns of a system.

    Args:
        constraints: The system.
        burst: The greatest letter of a word.
        effort: How many vectors of sizes are tried in each connected part to make buffers smaller; the words are found
            in any case.

    Raises:
        NoSolutionError: the rates contradict each other, or no words of the form that is sought exist.
    """
    system = tuple(constraints)
    balance = repetition_vector(system)
    words: dict[str, Word] = {BASE_CLOCK: ALWAYS}
    ones: dict[str, int] = {}
    proved = True
    for names in _connected(balance, system):
        part = tuple(c for c in system if c.writer.unknown in names)
        found = _solve_connected(part, {n: balance[n] for n in balance if n in names}, burst, _Effort(effort))
        words |= found.words
        ones |= found.ones
        proved = proved and found.proved
    sizes = tuple(None if c.equal else _size(c, words) for c in system)
    return Solution(MappingProxyType(words), MappingProxyType(ones), sizes, proved)


def _connected(names: Iterable[str], system: Sequence[Constraint]) -> list[frozenset[str]]:
    groups: dict[str, set[str]] = {name: {name} for name in names}
    for constraint in system:
        left, right = groups[constraint.writer.unknown], groups[constraint.reader.unknown]
        if left is not right:
            left |= right
            groups |= dict.fromkeys(right, left)
    return list(dict.fromkeys(frozenset(group) for group in groups.values()))


def _solve_connected(system: tuple[Constraint, ...], balance: Balance, burst: int, effort: _Effort) -> Solution:
    """Try the simplest form first: a repetition from the first instant on, then a lead, then longer periods."""
    prefix = dict.fromkeys(balance, 0)
    for side in (side for c in system for side in (c.writer, c.reader)):
        prefix[side.unknown] = max(prefix.get(side.unknown, 0), len(side.word.prefix))
    for unfolded in range(1, MOST_UNFOLDED + 1):
        ones = {name: count * unfolded for name, count in balance.items()}
        if max(ones.values()) > LONGEST_PERIOD:
            break
        for lead in (dict.fromkeys(ones, 0), {name: prefix[name] + ones[name] for name in ones}):
            problem = problem_of(system, ones, lead, burst)
            length = _shortest_period(problem)
            if length is not None:
                limits, proved = _least_limits(problem, system, length, effort)
                places = problem.solve(length, limits)
                assert places is not None
                words = {name: _word_of(problem, name, places, length) for name in problem.blocks}
                return Solution(words, ones, (), proved)
    raise NoSolutionError("no word is early and late enough at once", system, rates=False)


def _shortest_period(problem: Problem) -> int | None:
    """The least length of a period for which there are places; None if there is none."""
    if BASE_CLOCK in problem.ones:
        length = problem.ones[BASE_CLOCK]
        return length if problem.solve(length) is not None else None
    least = max(-(-count // problem.burst) for count in problem.ones.values())
    low, high = least - 1, least
    while problem.solve(high) is None:
        low, high = high, high * 2
        if high > least * SLOWEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if problem.solve(middle) is None:
            low = middle
        else:
            high = middle
    return high


def _least_limits(
    problem: Problem, system: Sequence[Constraint], length: int, effort: _Effort
) -> tuple[list[Edge], bool]:
    """The limits of the least sizes in total, and whether they are proved to be the least."""
    buffers = [c for c in system if not c.equal]
    earliest = problem.solve(length)
    assert earliest is not None
    words = {name: _word_of(problem, name, earliest, length) for name in problem.blocks} | {BASE_CLOCK: ALWAYS}
    known: dict[tuple[int, int], list[Edge]] = {}

    def limits(sizes: Mapping[int, int]) -> list[Edge]:
        edges: list[Edge] = []
        for number, size in sizes.items():
            if (number, size) not in known:
                known[number, size] = problem.limits(buffers[number], size)
            edges += known[number, size]
        return edges

    def fits(sizes: Mapping[int, int]) -> bool:
        return problem.solve(length, limits(sizes)) is not None

    def least(number: int, fixed: Mapping[int, int], low: int, high: int) -> int:
        """The least size of a buffer beside ``fixed`` ones; ``high`` fits."""
        while low < high:
            middle = (low + high) // 2
            if not effort.spend():
                return high
            if fits({**fixed, number: middle}):
                high = middle
            else:
                low = middle + 1
        return high

    enough = [_size(c, words).bypassed for c in buffers]
    alone = [least(i, {}, c.initial, enough[i]) for i, c in enumerate(buffers)]
    chosen = list(enough)
    for i in sorted(range(len(buffers)), key=lambda n: alone[n] - enough[n]):
        # Each buffer as small as the ones before it allow; the others may still grow to make room for it.
        fixed = {n: chosen[n] for n in range(len(buffers)) if n != i}
        chosen[i] = least(i, fixed, alone[i], chosen[i])
    best, proved = _search(alone, chosen, fits, effort)
    return limits(dict(enumerate(best))), proved


def _search(
    alone: Sequence[int], chosen: list[int], fits: Callable[[Mapping[int, int]], bool], effort: _Effort
) -> tuple[list[int], bool]:
    """The least vector of sizes in total that fits, between ``alone`` and the total of ``chosen``."""
    best = list(chosen)
    rest = [sum(alone[i:]) for i in range(len(alone) + 1)]
    stack: list[list[int]] = [[]]
    while stack:
        sizes = stack.pop()
        used = sum(sizes)
        if used + rest[len(sizes)] >= sum(best):
            continue
        if not effort.spend():
            return best, False
        if not fits(dict(enumerate(sizes))):
            continue
        if len(sizes) == len(alone):
            best = sizes
            continue
        i = len(sizes)
        room = sum(best) - 1 - used - rest[i + 1]
        stack += [[*sizes, size] for size in range(room, alone[i] - 1, -1)]
    return best, True


def _size(constraint: Constraint, words: Mapping[str, Word]) -> BufferSize:
    writer, reader = (on(words[side.unknown], side.word) for side in (constraint.writer, constraint.reader))
    assert adaptable(writer, reader, constraint.initial)
    return buffer_between(writer, reader, constraint.initial)


def _word_of(problem: Problem, name: str, places: Places, length: int) -> Word:
    """The word whose ones are at ``places``."""
    first, count = problem.blocks[name]
    own = places[first : first + count]
    start = int(own.max())
    end = start + length
    letters = np.zeros(end + 1, dtype=np.int64)
    period = own[count - problem.ones[name] :]
    np.add.at(letters, own[: count - problem.ones[name]], 1)
    wraps = 0
    while (shifted := period + wraps * length).min() <= end:
        np.add.at(letters, shifted[shifted <= end], 1)
        wraps += 1
    return shortest(tuple(letters[1 : start + 1].tolist()), tuple(letters[start + 1 :].tolist()))
