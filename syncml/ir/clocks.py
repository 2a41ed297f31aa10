"""Clocks: when a stream is present.

    ck ::= base | ck on C(x) | ck every w

``ck on C(x)`` is present when ``ck`` is and the stream ``x`` (itself on ``ck``) equals the constructor ``C``.
``ck every w`` is present at the instants of ``ck`` at which the ultimately periodic word ``w = u(v)`` has a 1;
rates with a phase are such words over the base clock. Use `every` to build one: it composes nested words and
brings them to their shortest form, so that two equal clocks are equal as values ((10) is (1010)).
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, TypeAlias

from syncml.dataclass import dataclass

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Var


@dataclass(frozen=True, slots=True)
class Word:
    """An ultimately periodic binary word ``prefix(period)``; make one with `word`."""

    prefix: tuple[int, ...]
    period: tuple[int, ...]

    def at(self, index: int) -> int:
        """The letter at ``index``, counted from 0."""
        if index < len(self.prefix):
            return self.prefix[index]
        return self.period[(index - len(self.prefix)) % len(self.period)]

    @property
    def rate(self) -> Fraction:
        """The asymptotic share of ones."""
        return Fraction(sum(self.period), len(self.period))

    def __str__(self) -> str:
        return f"{_letters(self.prefix)}({_letters(self.period)})"


def _letters(letters: tuple[int, ...]) -> str:
    """Letters with long runs abbreviated as ``0^99``."""
    parts: list[str] = []
    start = 0
    while start < len(letters):
        end = start
        while end < len(letters) and letters[end] == letters[start]:
            end += 1
        run = end - start
        parts.append(str(letters[start]) * run if run < 5 else f" {letters[start]}^{run} ")
        start = end
    return "".join(parts).strip()


def word(prefix: tuple[int, ...], period: tuple[int, ...]) -> Word:
    """The shortest form of ``prefix(period)``; the period must not be empty."""
    if not period or any(letter not in (0, 1) for letter in prefix + period):
        raise ValueError("a word needs a non-empty period of zeros and ones")
    root = next(
        n for n in range(1, len(period) + 1) if len(period) % n == 0 and period[:n] * (len(period) // n) == period
    )
    period = period[:root]
    while prefix and prefix[-1] == period[-1]:
        prefix, period = prefix[:-1], period[-1:] + period[:-1]
    return Word(prefix, period)


ALWAYS = Word((), (1,))
"""The word of the clock itself."""


def complement(w: Word) -> Word:
    """The instants at which ``w`` is absent."""
    return word(tuple(1 - x for x in w.prefix), tuple(1 - x for x in w.period))


LONGEST_WORD = 10_000_000
"""The most letters of a word; a word is written out, so longer ones would take gigabytes."""


class LongWordError(Exception):
    """Words that compose to one of more than `LONGEST_WORD` letters."""


def compose(outer: Word, inner: Word) -> Word:
    """``outer on inner``: ``inner`` advances at the ones of ``outer``."""
    ones_in_prefix, ones_in_period = sum(outer.prefix), sum(outer.period)
    if ones_in_period == 0:
        length, period = len(outer.prefix), 1
    else:
        # The prefix ends when both words are in their periods; the period returns both to the same place.
        length = len(outer.prefix)
        while ones_in_prefix < len(inner.prefix):
            length += len(outer.period)
            ones_in_prefix += ones_in_period
        period = len(outer.period) * (lcm(ones_in_period, len(inner.period)) // ones_in_period)
    if length + period > LONGEST_WORD:
        raise LongWordError
    letters: list[int] = []
    seen = 0
    for i in range(length + period):
        letter = outer.at(i)
        letters.append(inner.at(seen) if letter else 0)
        seen += letter
    return word(tuple(letters[:length]), tuple(letters[length:]))


@dataclass(frozen=True, slots=True)
class Base:
    """The base clock of a node: present at each of its activations."""

    def __str__(self) -> str:
        return "base"


@dataclass(frozen=True, slots=True)
class On:
    """``parent on constructor(condition)``; the constructor is a Boolean or an enumeration constructor's name."""

    parent: Clock
    condition: Var
    constructor: bool | str

    def __str__(self) -> str:
        if self.constructor is True:
            return f"{self.parent} on {self.condition.name}"
        if self.constructor is False:
            return f"{self.parent} on not {self.condition.name}"
        return f"{self.parent} on {self.constructor}({self.condition.name})"


@dataclass(frozen=True, slots=True)
class Periodic:
    """``parent every word``; build it with `every`, never directly."""

    parent: Clock
    word: Word

    def __str__(self) -> str:
        return f"{self.parent} every {self.word}"


Clock: TypeAlias = Base | On | Periodic
BASE = Base()


def steps(clock: Clock) -> list[On | Periodic]:
    """The clocks from the first below base down to ``clock`` itself; empty for base."""
    found: list[On | Periodic] = []
    while not isinstance(clock, Base):
        found.append(clock)
        clock = clock.parent
    found.reverse()
    return found


def conditions(clock: Clock) -> list[Var]:
    """The variables on which ``clock`` depends, outermost first."""
    return [step.condition for step in steps(clock) if isinstance(step, On)]


def contains(outer: Clock, inner: Clock) -> bool:
    """Whether ``outer`` is ``inner`` or is made from fewer conditions, so that it is present whenever ``inner`` is."""
    path = steps(inner)
    if outer == BASE or any(step == outer or step.parent == outer for step in path):
        return True
    # A word of a word is one word: its instants are among those of a word that covers it.
    return isinstance(outer, Periodic) and any(
        isinstance(s, Periodic) and s.parent == outer.parent and _covers(outer.word, s.word) for s in path
    )


def _covers(outer: Word, inner: Word) -> bool:
    """Whether ``outer`` has a 1 wherever ``inner`` has one."""
    length = max(len(outer.prefix), len(inner.prefix)) + lcm(len(outer.period), len(inner.period))
    return all(outer.at(i) >= inner.at(i) for i in range(length))


def every(parent: Clock, w: Word) -> Clock:
    """The clock ``parent every w`` in its normal form."""
    if isinstance(parent, Periodic):
        parent, w = parent.parent, compose(parent.word, w)
    w = word(w.prefix, w.period)
    return parent if w == ALWAYS else Periodic(parent, w)
