"""Periodic words as clocks of a buffer: counting, synchronisability, sizes and delays.

For a word w let O(i) be the number of ones among its first i letters and I(j) the place of its j-th one, both counted
from 1. A writer w1 and a reader w2 fit one bounded buffer iff

    they have the same rate (synchronisable)   and   O1(i) >= O2(i) for every i (the writer precedes the reader).

The buffer then needs max (O1(i) - O2(i-1)) slots, or max (O1(i) - O2(i)) where a value may be read in the instant in
which it is written; it delays the j-th value by I2(j) - I1(j) instants, and it cuts instantaneous dependencies iff
O1(i) >= O2(i+1) for every i. After both prefixes the differences repeat with the common period, so that finitely many
instants decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import lcm

from syncml.ir.clocks import Word


@dataclass(frozen=True, slots=True)
class Buffer:
    """What a buffer between two clocks needs and does.

    ``size`` is the number of slots where a value is stored before it is read, ``bypassed`` where it may be read in the
    instant in which it is written; ``delay`` is the longest time that a value waits, in instants.
    """

    size: int
    bypassed: int
    delay: int
    cuts_causality: bool


def ones(w: Word, length: int) -> int:
    """O: the number of ones among the first ``length`` letters."""
    if length <= len(w.prefix):
        return sum(w.prefix[:length])
    rounds, rest = divmod(length - len(w.prefix), len(w.period))
    return sum(w.prefix) + rounds * sum(w.period) + sum(w.period[:rest])


def place(w: Word, number: int) -> int | None:
    """I: the place of the one with this ``number``, both from 1; None where the word has fewer ones."""
    in_prefix, in_period = sum(w.prefix), sum(w.period)
    if number <= in_prefix:
        return _place_in(w.prefix, number)
    if not in_period:
        return None
    rounds, rest = divmod(number - in_prefix - 1, in_period)
    return len(w.prefix) + rounds * len(w.period) + _place_in(w.period, rest + 1)


def synchronisable(one: Word, other: Word) -> bool:
    """Whether the words have the same rate, so that some bounded buffer fits between them."""
    return one.rate == other.rate


def precedes(writer: Word, reader: Word) -> bool:
    """Whether the j-th one of ``writer`` is never after the j-th one of ``reader``."""
    return writer.rate >= reader.rate and all(w >= r for w, r in _counts(writer, reader))


def adaptable(writer: Word, reader: Word) -> bool:
    """Whether a bounded buffer takes a stream from the clock ``writer`` to the clock ``reader``."""
    return synchronisable(writer, reader) and precedes(writer, reader)


def buffer_between(writer: Word, reader: Word) -> Buffer:
    """The least buffer from ``writer`` to ``reader``.

    Raises:
        ValueError: the two are not adaptable; see `growth` and `least_delay`.
    """
    if not adaptable(writer, reader):
        raise ValueError(f"no buffer fits between {writer} and {reader}")
    counts = _counts(writer, reader)
    stored = max(w - before for (w, _), (_, before) in zip(counts, ((0, 0), *counts), strict=False))
    cuts = all(w >= after for (w, _), (_, after) in zip(((0, 0), *counts), counts, strict=False))
    return Buffer(stored, max(w - r for w, r in counts), max(0, _lag(writer, reader)), cuts)


def least_delay(writer: Word, reader: Word) -> int:
    """By how many instants ``reader`` has to be delayed for a bounded buffer to fit; 0 where one fits already.

    Raises:
        ValueError: no delay helps: the rates differ, or the reader asks for more values than are ever written.
    """
    starved = not reader.rate and sum(reader.prefix) > sum(writer.prefix)
    if not synchronisable(writer, reader) or starved:
        raise ValueError(f"no delay of {reader} makes a buffer from {writer} fit")
    return max(0, _lag(reader, writer))


def growth(writer: Word, reader: Word, rate: Fraction | None) -> str:
    """How a buffer between clocks of different rates runs over or dry.

    Args:
        writer: The clock that writes.
        reader: The clock that reads.
        rate: The rate of the instants that the words count, in hertz, if it is known.

    Returns:
        Such as ``one extra value every 30 ms`` or ``one value missing every 3 ticks``.

    Raises:
        ValueError: the rates are equal.
    """
    excess = writer.rate - reader.rate
    if not excess:
        raise ValueError(f"{writer} and {reader} have the same rate")
    ticks = 1 / abs(excess)
    what = "one extra value" if excess > 0 else "one value missing"
    return f"{what} every {_ticks(ticks) if rate is None else _time(ticks / rate)}"


def _counts(writer: Word, reader: Word) -> list[tuple[int, int]]:
    """(O1(i), O2(i)) for i = 1, 2, ... until the difference repeats."""
    length = max(len(writer.prefix), len(reader.prefix)) + lcm(len(writer.period), len(reader.period)) + 1
    indices = range(length)
    return list(zip(accumulate(map(writer.at, indices)), accumulate(map(reader.at, indices)), strict=True))


def _lag(first: Word, second: Word) -> int:
    """The most instants by which a one of ``second`` comes after the same one of ``first``; negative if never."""
    total = max(_counts(first, second)[-1])
    places = ((place(first, number), place(second, number)) for number in range(1, total + 1))
    return max((b - a for a, b in places if a is not None and b is not None), default=0)


def _place_in(letters: tuple[int, ...], number: int) -> int:
    seen = 0
    for position, letter in enumerate(letters, 1):
        seen += letter
        if letter and seen == number:
            return position
    raise ValueError(f"fewer than {number} ones")


def _ticks(ticks: Fraction) -> str:
    return "tick" if ticks == 1 else f"{_number(ticks)} ticks"


def _time(seconds: Fraction) -> str:
    return f"{_number(seconds)} s" if seconds >= 1 else f"{_number(seconds * 1000)} ms"


def _number(value: Fraction) -> str:
    return f"{float(value):.6g}"
