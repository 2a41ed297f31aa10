"""Periodic words as clocks of a buffer: counting, synchronisability, sizes and delays.

For a word w let O(i) be the number of ones among its first i letters and I(j) the place of its j-th one, both counted
from 1. A writer w1 and a reader w2 fit one bounded buffer that holds k values at first iff

    they have the same rate (synchronisable)   and   O1(i) + k >= O2(i) for every i (the writer precedes the reader).

The buffer then needs max (O1(i) + k - O2(i-1)) slots, or max (O1(i) + k - O2(i)) where reading comes first in an
instant or a value may pass in the instant in which it is written; it delays the j-th value by I2(j+k) - I1(j) instants,
and it cuts instantaneous dependencies iff O1(i) + k >= O2(i+1) for every i.

O and I are counts: c(n + p) = c(n) + s from some n on. The difference of two counts of one slope s/p depends on n
modulo both periods, and a pair of residues occurs iff they agree modulo the greatest common divisor of the periods.
So each extreme is found in one pass over either word, exactly, however long the common period is.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate, pairwise
from math import gcd, lcm

from syncml.dataclass import dataclass
from syncml.ir.clocks import Word, word


@dataclass(frozen=True, slots=True)
class BufferSize:
    """What a buffer between two clocks needs and does.

    ``size`` is the number of slots where a value is stored before it is read, ``bypassed`` where reading comes first or
    a value may pass at once; ``delay`` is the longest time that a value waits, in instants.
    """

    size: int
    bypassed: int
    delay: int
    cuts_causality: bool


@dataclass(frozen=True, slots=True)
class _Count:
    """A function c on 0, 1, ... with c(n + period) = c(n) + step for n >= start; ``values`` are the first ones."""

    values: tuple[int, ...]
    period: int
    step: int

    @property
    def start(self) -> int:
        return len(self.values) - self.period

    def __call__(self, index: int) -> int:
        if index < len(self.values):
            return self.values[index]
        rounds, rest = divmod(index - self.start, self.period)
        return self.values[self.start + rest] + rounds * self.step


def ones(w: Word, length: int) -> int:
    """O: the number of ones among the first ``length`` letters."""
    return _ones(w)(length)


def place(w: Word, number: int) -> int | None:
    """I: the place of the one with this ``number``, both from 1; None where the word has fewer ones."""
    return places(w)(number)


def places(w: Word) -> Callable[[int], int | None]:
    """I as a function, for many numbers of one word."""
    if sum(w.period):
        count = _places(w)
        return lambda number: count(number - 1)
    in_prefix = _places_in(w.prefix)
    return lambda number: in_prefix[number - 1] if number <= len(in_prefix) else None


def on(outer: Word, inner: Word) -> Word:
    """``outer on inner`` for words of natural numbers: a letter n of ``outer`` takes n letters of ``inner``."""
    per_period = sum(outer.period)
    if not per_period:
        length, period = len(outer.prefix), 1
    else:
        rounds = max(0, -((sum(outer.prefix) - len(inner.prefix)) // per_period))
        length = len(outer.prefix) + rounds * len(outer.period)
        period = len(outer.period) * (lcm(per_period, len(inner.period)) // per_period)
    taken = _Count((0, *accumulate(inner.prefix + inner.period[:-1])), len(inner.period), sum(inner.period))
    counted = _ones(outer)
    values = [taken(counted(i)) for i in range(length + period + 1)]
    letters = tuple(b - a for a, b in pairwise(values))
    return shortest(letters[:length], letters[length:])


def shortest(prefix: tuple[int, ...], period: tuple[int, ...]) -> Word:
    """The shortest form of a word of natural numbers; of a binary one it is that of `syncml.ir.clocks.word`."""
    root = next(n for n in _divisors(len(period)) if period[:n] * (len(period) // n) == period)
    period = period[:root]
    while prefix and prefix[-1] == period[-1]:
        prefix, period = prefix[:-1], period[-1:] + period[:-1]
    return Word(prefix, period)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]


def synchronisable(one: Word, other: Word) -> bool:
    """Whether the words have the same rate, so that some bounded buffer fits between them."""
    return one.rate == other.rate


def precedes(writer: Word, reader: Word, initial: int = 0) -> bool:
    """Whether the j-th one of ``reader`` is never before the (j - initial)-th one of ``writer``."""
    return writer.rate >= reader.rate and least_initial(writer, reader) <= initial


def adaptable(writer: Word, reader: Word, initial: int = 0) -> bool:
    """Whether a bounded buffer, with ``initial`` values in it, takes a stream from ``writer`` to ``reader``."""
    return synchronisable(writer, reader) and precedes(writer, reader, initial)


def buffer_between(writer: Word, reader: Word, initial: int = 0) -> BufferSize:
    """The least buffer from ``writer`` to ``reader`` that holds ``initial`` values at first.

    Raises:
        ValueError: the two are not adaptable; see `growth`, `least_delay` and `least_initial`.
    """
    if not adaptable(writer, reader, initial):
        raise ValueError(f"no buffer fits between {writer} and {reader}")
    written, read = _ones(writer), _ones(reader)
    cuts = _greatest(read, written, shift=-1, first=1) <= initial
    stored = max(initial, _greatest(written, read, shift=-1, first=1) + initial)
    passing = max(initial, _greatest(written, read) + initial)
    return BufferSize(stored, passing, max(0, _longest_wait(writer, reader, initial)), cuts)


LONGEST_COMMON_PERIOD = 100_000
"""Over more instants than this, a common period is not written out."""


def passing(writer: Word, reader: Word, initial: int) -> tuple[Word, Word] | None:
    """The values that are read in the instant in which they are written, of adaptable words.

    Returns:
        Of the values that are written, and of those that are read, the ones that pass at once; None where the words
        take too long to repeat.
    """
    start = max(len(writer.prefix), len(reader.prefix))
    end = start + lcm(len(writer.period), len(reader.period))
    if end > LONGEST_COMMON_PERIOD:
        return None
    stored = initial
    writes: tuple[list[int], list[int]] = ([], [])
    reads: tuple[list[int], list[int]] = ([], [])
    for i in range(end):
        wrote, read = writer.at(i), reader.at(i)
        at_once = int(wrote and read and not stored)
        if wrote:
            writes[i >= start].append(at_once)
        if read:
            reads[i >= start].append(at_once)
        stored += wrote - read
    return _word_of(*writes), _word_of(*reads)


def _word_of(prefix: list[int], period: list[int]) -> Word:
    return word(tuple(prefix), tuple(period) or (0,))


def least_delay(writer: Word, reader: Word) -> int:
    """By how many instants ``reader`` has to be delayed for a bounded buffer to fit; 0 where one fits already.

    Raises:
        ValueError: no delay helps: the rates differ, or the reader asks for more values than are ever written.
    """
    starved = not reader.rate and sum(reader.prefix) > sum(writer.prefix)
    if not synchronisable(writer, reader) or starved:
        raise ValueError(f"no delay of {reader} makes a buffer from {writer} fit")
    return max(0, _longest_wait(reader, writer, 0))


def least_initial(writer: Word, reader: Word) -> int:
    """How many values a buffer from ``writer`` to ``reader`` must hold at first, never to run dry.

    Raises:
        ValueError: no number helps, because the reader is the faster one.
    """
    if reader.rate > writer.rate:
        raise ValueError(f"{reader} reads more than {writer} writes")
    return max(0, _greatest(_ones(reader), _ones(writer)))


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
    return f"{what} every {in_ticks(ticks) if rate is None else in_time(ticks / rate)}"


def _ones(w: Word) -> _Count:
    """O of a word."""
    return _Count(
        tuple(accumulate((w.prefix + w.period)[:-1], initial=0)),
        len(w.period),
        sum(w.period),
    )


def _places(w: Word) -> _Count:
    """I of a word with ones in its period; the first argument is 0."""
    return _Count(_places_in(w.prefix + w.period), sum(w.period), len(w.period))


def _places_in(letters: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(position for position, letter in enumerate(letters, 1) for _ in range(letter))


def _greatest(left: _Count, right: _Count, shift: int = 0, first: int = 0) -> int:
    """The maximum of left(n) - right(n + shift) over n >= first; the slope of ``left`` is at most that of ``right``."""
    start = max(left.start, right.start - shift, first)
    found = [left(n) - right(n + shift) for n in range(first, start)]
    if left.step * right.period != right.step * left.period:
        # The difference falls in the long run, so that the first common period has the maximum.
        length = lcm(left.period, right.period)
        return max([*found, *(left(n) - right(n + shift) for n in range(start, start + length + 1))])
    slope = Fraction(left.step, left.period)
    classes = gcd(left.period, right.period)
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for n in range(start, start + left.period):
        value = left(n) * slope.denominator - n * slope.numerator
        highest[n % classes] = max(value, highest.get(n % classes, value))
    for n in range(start, start + right.period):
        value = right(n + shift) * slope.denominator - n * slope.numerator
        lowest[n % classes] = min(value, lowest.get(n % classes, value))
    return max([*found, *((highest[c] - lowest[c]) // slope.denominator for c in range(classes))])


def _longest_wait(writer: Word, reader: Word, initial: int) -> int:
    """The most instants by which the (j + initial)-th one of ``reader`` comes after the j-th of ``writer``."""
    if not writer.rate or not reader.rate:
        pairs = zip(_places_in(writer.prefix), _places_in(reader.prefix)[initial:], strict=False)
        return max((after - before for before, after in pairs), default=0)
    # The wait is the difference of two counts, taken the other way round: the later place is the greater one.
    return _greatest(_places(reader), _places(writer), shift=-initial, first=initial)


def in_ticks(ticks: Fraction) -> str:
    """A number of ticks in words, after ``every``."""
    return "tick" if ticks == 1 else f"{_number(ticks)} ticks"


def in_time(seconds: Fraction) -> str:
    """A time in words."""
    return f"{_number(seconds)} s" if seconds >= 1 else f"{_number(seconds * 1000)} ms"


def _number(value: Fraction) -> str:
    return f"{float(value):.6g}"
