"""Clocks in words and in hertz."""

from __future__ import annotations

from fractions import Fraction

import pytest

from syncml.diagnostics import Span
from syncml.ir.clocks import BASE, Clock, On, every, steps, word
from syncml.ir.equations.syntax import Var
from syncml.ir.rates import describe, hyperperiod, in_hertz, rate_of, text_of
from syncml.ir.types import BOOL

C = Var("c", BOOL, Span.point("n.py"))
QUARTER = every(BASE, word((), (1, 0, 0, 0)))
LATE = every(BASE, word((0,), (1, 0)))


@pytest.mark.parametrize(
    ("clock", "rate", "text"),
    [
        (BASE, None, "base"),
        (BASE, Fraction(100), "100 Hz (base)"),
        (QUARTER, Fraction(100), "25 Hz (base every (1000))"),
        (QUARTER, None, "base every (1000)"),
        (every(BASE, word((), (1,) + (0,) * 99)), Fraction(1), "0.01 Hz (base every (1 0^99))"),
        (On(BASE, C, False), Fraction(100), "base on not c"),
        (every(On(QUARTER, C, True), word((), (0, 1))), Fraction(100), "base every (1000) on c every (01)"),
    ],
)
def test_a_clock_in_words(clock: Clock, rate: Fraction | None, text: str) -> None:
    assert describe(clock, rate) == text


def test_the_text_is_the_one_of_str() -> None:
    clock = every(On(LATE, C, True), word((1,), (0, 1)))
    assert text_of(clock) == str(clock)
    assert [str(c) for c in steps(clock)] == [str(LATE), str(On(LATE, C, True)), str(clock)]


def test_rates() -> None:
    assert rate_of(QUARTER, Fraction(100)) == 25
    assert rate_of(QUARTER, None) is None
    assert rate_of(On(QUARTER, C, True), Fraction(100)) is None
    assert rate_of(every(BASE, word((1, 1, 1), (0, 1, 0))), Fraction(10)) == Fraction(10, 3)


@pytest.mark.parametrize(
    ("rate", "text"), [(Fraction(100), "100 Hz"), (Fraction(1, 2), "0.5 Hz"), (Fraction(100, 3), "100/3 Hz")]
)
def test_hertz_are_exact(rate: Fraction, text: str) -> None:
    assert in_hertz(rate) == text


def test_the_hyperperiod_is_the_common_period_after_the_longest_prefix() -> None:
    thirds = every(BASE, word((1, 1, 1, 1), (0, 0, 1)))
    assert hyperperiod([]) == (0, 1)
    assert hyperperiod([QUARTER, thirds, On(BASE, C, True)]) == (len(thirds.word.prefix), 12)
