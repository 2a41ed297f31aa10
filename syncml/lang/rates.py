"""Time in words that engineers use, and the periodic words that it stands for.

Rule: in a node of rate R, ``Hz(r)`` is every (R / r)-th tick from the phase on: the word ``0^p (1 0^(R/r - 1))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from syncml.ir.clocks import LONGEST_WORD, Word, word
from syncml.ir.rates import in_hertz


def _fraction(value: float | Fraction) -> Fraction:
    """The number that was written: 0.1 is one tenth."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


@dataclass(frozen=True, slots=True, init=False)
class Duration:
    """A time; make one with `ms` or `s`."""

    seconds: Fraction

    def __init__(self, seconds: float | Fraction) -> None:
        object.__setattr__(self, "seconds", _fraction(seconds))

    def __str__(self) -> str:
        shown = self.seconds * 1000
        return f"{shown.numerator} ms" if shown.denominator == 1 else f"{float(shown):g} ms"


def ms(value: float | Fraction) -> Duration:
    """A time in milliseconds."""
    return Duration(_fraction(value) / 1000)


def s(value: float | Fraction) -> Duration:
    """A time in seconds."""
    return Duration(value)


@dataclass(frozen=True, slots=True, init=False)
class Hz:
    """A rate in hertz, exact: ``Hz(100)``, ``Hz(0.1)``, ``Hz(Fraction(100, 3))``; the first tick comes after ``phase``.

    Raises:
        ValueError: the rate is not positive or the phase is negative.
    """

    rate: Fraction
    phase: Duration

    def __init__(self, rate: float | Fraction, phase: Duration | None = None) -> None:
        exact, shift = _fraction(rate), phase or Duration(0)
        if exact <= 0 or shift.seconds < 0:
            raise ValueError(f"a rate is positive and a phase is not negative: Hz({rate}, {phase})")
        object.__setattr__(self, "rate", exact)
        object.__setattr__(self, "phase", shift)

    def __str__(self) -> str:
        shift = f" from {self.phase} on" if self.phase.seconds else ""
        return f"{in_hertz(self.rate)}{shift}"


def periodic(n: int, phase: int) -> Word:
    """The word with a one at ``phase`` and at each ``n``-th place after it."""
    return word((0,) * phase, (1,) + (0,) * (n - 1))


@dataclass(frozen=True, slots=True)
class RateFault(Exception):
    """A rate or phase does not fit the clock it is taken from."""

    message: str
    help: str


def word_at(wanted: Hz, source: Fraction, phase: Duration | None = None) -> Word:
    """The word over a clock of rate ``source`` that is present at ``wanted``.

    Raises:
        RateFault: the rate does not divide the source's, or the phase is no whole number of its ticks.
    """
    ratio = source / wanted.rate
    if ratio < 1:
        raise RateFault(
            f"{in_hertz(wanted.rate)} is faster than the {in_hertz(source)} it is taken from",
            f"give the node a rate of {in_hertz(_common(source, wanted.rate))}, or `hold` the slower stream",
        )
    if ratio.denominator != 1:
        raise RateFault(
            f"{in_hertz(wanted.rate)} does not divide {in_hertz(source)}",
            f"take {' or '.join(_neighbours(source, wanted.rate))}, or a base rate of "
            f"{in_hertz(_common(source, wanted.rate))}",
        )
    ticks = (phase or wanted.phase).seconds * source
    if ticks.denominator != 1 or ticks < 0:
        raise RateFault(
            f"a phase of {phase or wanted.phase} is not a whole number of ticks at {in_hertz(source)}",
            f"a tick is {Duration(1 / source)}: take a multiple of it",
        )
    if ratio + ticks > LONGEST_WORD:
        raise RateFault(
            f"{in_hertz(wanted.rate)} is one of more than {LONGEST_WORD} instants at {in_hertz(source)}",
            "choose rates that are less far apart",
        )
    return periodic(int(ratio), int(ticks))


def _neighbours(source: Fraction, wanted: Fraction) -> list[str]:
    """The divisors of ``source`` just below and above ``wanted`` that are easy to write."""
    floor = int(source / wanted)
    above = (n for n in range(floor, 0, -1) if _is_decimal(source / n))
    below = (n for n in range(floor + 1, 2 * floor + 1000) if _is_decimal(source / n))
    return [in_hertz(source / n) for n in (next(below, None), next(above, None)) if n is not None]


def _is_decimal(rate: Fraction) -> bool:
    rest = rate.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _common(a: Fraction, b: Fraction) -> Fraction:
    """The lowest rate that both divide."""
    return Fraction(lcm(a.numerator, b.numerator), gcd(a.denominator, b.denominator))
