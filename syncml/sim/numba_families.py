"""Arrays of instances in the inlined program: one array for each of their slots, one loop for all elements.

Rule: slots of one storage and type whose names differ in the numbers of elements only, ``lag[0].y``, ``lag[1].y``, ..,
are a *family* and lie side by side in one array. Pieces of text that are the same but for numbers, each of which grows
by a fixed step from piece to piece, become one loop whose counter gives these numbers:

    store(a, 5, load(b, 0))  store(a, 6, load(b, 2))  ..      for e in range(n): store(a, 5 + e, load(b, e * 2))

In each iteration the loop runs the text that it stands for, so order and operations stay. Numbers that tell where a
scalar outside of families lies never become computed ones: such a scalar stays in a register.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Slot, Storage
from syncml.ir.types import Type, size

FEWEST = 16
"""The least number of elements of a family, and of pieces that become a loop; fewer are faster written out."""

LONGEST = 256
"""The most pieces that one iteration of a loop stands for."""

_ELEMENT = re.compile(r"\[\d+\]")
_WORD = re.compile(r"m_\w+, \d+|range\(\d+\)|[A-Za-z_]\w*|\d+(?:\.\d+)?e[+-]?\d+|\d+\.\d+|(?P<number>\d+)")
"""The place of a scalar, an extent, a name, a float: what has to be equal; or a whole number, which may grow."""
_COUNTER = re.compile(r"\be_(\d+)\b")


@dataclass(frozen=True, slots=True)
class Family:
    """Slots that lie side by side, in this order; a tensor without relatives is a family of its own."""

    slots: tuple[Slot, ...]

    @property
    def first(self) -> Slot:
        """The slot at the start."""
        return self.slots[0]

    @property
    def elements(self) -> int:
        """How many scalars there are in all."""
        return len(self.slots) * size(self.first.type)


def families(slots: Iterable[Slot]) -> list[Family]:
    """``slots`` as families, each in the place of its first slot; what has too few relatives is alone."""
    found: dict[tuple[Storage, Type, str] | Slot, list[Slot]] = {}
    alike = list(slots)
    keys: list[tuple[Storage, Type, str]] = [(s.storage, s.type, _ELEMENT.sub("[]", s.name)) for s in alike]
    count: dict[tuple[Storage, Type, str], int] = {}
    for key in keys:
        count[key] = count.get(key, 0) + 1
    for slot, key in zip(alike, keys, strict=True):
        found.setdefault(key if "[]" in key[2] and count[key] >= FEWEST else slot, []).append(slot)
    return [Family(tuple(members)) for members in found.values()]


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of one statement; ``number`` is its place among the statements, None for a loop of several."""

    lines: list[str]
    number: int | None = None


def with_loops(statements: Sequence[list[str]]) -> list[Piece]:
    """The texts of ``statements``, with loops in the place of those that are alike; loops may be alike again."""
    pieces = [Piece(lines, i) for i, lines in enumerate(statements)]
    while len(shorter := _rolled(pieces)) < len(pieces):
        pieces = shorter
    return pieces


def _rolled(pieces: list[Piece]) -> list[Piece]:
    split = [_split("\n".join(piece.lines)) for piece in pieces]
    kinds: dict[tuple[str, ...], int] = {}
    kind = [kinds.setdefault(words, len(kinds)) for words, _ in split]
    numbers = [found for _, found in split]
    following = _following(kind)
    result: list[Piece] = []
    at = 0
    while at < len(pieces):
        period, count = _longest(kind, numbers, following, at)
        if count:
            group = [(split[i][0], numbers[i], numbers[i + period]) for i in range(at, at + period)]
            result.append(Piece(_loop(group, count)))
        else:
            result.append(pieces[at])
        at += max(1, period * count)
    return result


def _longest(kind: list[int], numbers: list[tuple[int, ...]], following: list[int], at: int) -> tuple[int, int]:
    """The period and the count of the best loop that starts at ``at``; zeros if there is none."""
    best = (0, 0)
    near = following[at]
    for _ in range(3):
        period = near - at
        if near >= len(kind) or period > LONGEST:
            break
        count = _count(kind, numbers, at, period)
        if count >= FEWEST and count * period > best[0] * best[1]:
            best = (period, count)
        near = following[near]
    return best


def _split(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The text between the numbers, and the numbers."""
    words: list[str] = []
    numbers: list[int] = []
    start = 0
    for match in _WORD.finditer(text):
        if match["number"] is not None:
            words.append(text[start : match.start()])
            numbers.append(int(match["number"]))
            start = match.end()
    return (*words, text[start:]), tuple(numbers)


def _following(kind: list[int]) -> list[int]:
    """For each piece the next one of its kind, or the number of pieces."""
    result = [len(kind)] * len(kind)
    last: dict[int, int] = {}
    for i in range(len(kind) - 1, -1, -1):
        result[i] = last.get(kind[i], len(kind))
        last[kind[i]] = i
    return result


def _count(kind: list[int], numbers: list[tuple[int, ...]], start: int, period: int) -> int:
    """How many groups of ``period`` pieces from ``start`` on are alike, with numbers that grow by fixed steps."""
    count = 1
    while start + (count + 1) * period <= len(kind):
        for i in range(start, start + period):
            here, second = i + count * period, i + period
            if kind[here] != kind[i]:
                return count
            if any(
                n - a != count * (b - a) for n, a, b in zip(numbers[here], numbers[i], numbers[second], strict=True)
            ):
                return count
        count += 1
    return count


def _loop(group: list[tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]], count: int) -> list[str]:
    """The loop over groups of which the first has the first numbers and the second the second."""
    used = {int(n) for words, _, _ in group for word in words for n in _COUNTER.findall(word)}
    counter = f"e_{max(used, default=-1) + 1}"
    lines = [f"for {counter} in range({count}):"]
    for words, first, second in group:
        terms = [_term(a, b - a, counter) for a, b in zip(first, second, strict=True)]
        text = words[0] + "".join(term + word for term, word in zip(terms, words[1:], strict=True))
        lines += [f"    {line}" for line in text.split("\n")]
    return lines


def _term(start: int, step: int, counter: str) -> str:
    if step == 0:
        return str(start)
    return f"({start} + {counter if step == 1 else f'{counter} * {step}'})"
