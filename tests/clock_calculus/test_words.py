"""Periodic words against their pointwise definitions and against a simulated queue."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncml.clock_calculus import (
    BufferSize,
    adaptable,
    buffer_between,
    growth,
    least_delay,
    least_initial,
    precedes,
    synchronisable,
)
from syncml.clock_calculus.words import ones, place
from syncml.ir.clocks import ALWAYS, BASE, Word, complement, compose, every, word

LETTERS = st.integers(0, 1)
WORDS = st.builds(
    lambda prefix, period: word(tuple(prefix), tuple(period)),
    st.lists(LETTERS, max_size=6),
    st.lists(LETTERS, min_size=1, max_size=6),
)
FAR = 400


def letters(w: Word, length: int = FAR) -> list[int]:
    return [w.at(i) for i in range(length)]


def queue(writer: Word, reader: Word, initial: int = 0) -> tuple[int, int, int] | None:
    """The most values stored before and after reading in an instant, and the longest wait; None if it runs dry.

    The values that are there at first have no time of writing.
    """
    waiting: deque[int | None] = deque([None] * initial)
    before = after = initial
    wait = 0
    for i in range(FAR):
        if writer.at(i):
            waiting.append(i)
        before = max(before, len(waiting))
        if reader.at(i):
            if not waiting:
                return None
            written = waiting.popleft()
            wait = wait if written is None else max(wait, i - written)
        after = max(after, len(waiting))
    return before, after, wait


@given(WORDS, WORDS)
def test_composition_advances_the_inner_word_at_the_ones_of_the_outer(outer: Word, inner: Word) -> None:
    expected, seen = [], 0
    for letter in letters(outer):
        expected.append(inner.at(seen) if letter else 0)
        seen += letter
    assert letters(compose(outer, inner)) == expected


@given(WORDS, WORDS, WORDS)
def test_clocks_made_in_any_order_of_composition_are_one_value(a: Word, b: Word, c: Word) -> None:
    assert every(every(every(BASE, a), b), c) == every(BASE, compose(a, compose(b, c)))


@given(st.lists(LETTERS, max_size=5), st.lists(LETTERS, min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 5))
def test_a_word_has_one_form(prefix: list[int], period: list[int], repeat: int, unrolled: int) -> None:
    shortest = word(tuple(prefix), tuple(period))
    endless = period * 6
    rotated = [endless[unrolled + i] for i in range(len(period))] * repeat
    assert word((*prefix, *endless[:unrolled]), tuple(rotated)) == shortest


@given(WORDS)
def test_the_complement_is_present_where_the_word_is_not(w: Word) -> None:
    assert letters(complement(w)) == [1 - letter for letter in letters(w)]
    assert complement(complement(w)) == w


def test_clocks_of_equal_words_are_equal() -> None:
    assert every(BASE, word((), (1, 0))) == every(BASE, word((1,), (0, 1, 0, 1)))
    assert every(BASE, ALWAYS) == BASE


@given(WORDS, st.integers(0, 60))
def test_ones_counts_letters(w: Word, length: int) -> None:
    assert ones(w, length) == sum(letters(w, length))


@given(WORDS, st.integers(1, 40))
def test_place_finds_the_nth_one(w: Word, number: int) -> None:
    found = [i + 1 for i, letter in enumerate(letters(w)) if letter]
    assert place(w, number) == (found[number - 1] if number <= len(found) else None)


@given(WORDS, WORDS, st.integers(0, 4))
def test_a_buffer_is_what_a_simulated_queue_needs(writer: Word, reader: Word, initial: int) -> None:
    simulated = queue(writer, reader, initial)
    if writer.rate >= reader.rate:
        assert (simulated is not None) == precedes(writer, reader, initial)
    if not adaptable(writer, reader, initial):
        return
    assert simulated is not None
    found = buffer_between(writer, reader, initial)
    assert (found.size, found.bypassed, found.delay) == simulated
    same_instant = any(w and r and queued == 0 for w, r, queued in _backlog(writer, reader, initial))
    assert found.cuts_causality == (not same_instant)


@given(WORDS, WORDS)
def test_the_least_number_of_first_values_keeps_a_buffer_from_running_dry(writer: Word, reader: Word) -> None:
    if reader.rate > writer.rate:
        with pytest.raises(ValueError, match="more than"):
            least_initial(writer, reader)
        return
    count = least_initial(writer, reader)
    assert queue(writer, reader, count) is not None
    assert not count or queue(writer, reader, count - 1) is None


def test_a_common_period_of_millions_of_instants_is_counted_in_one_pass() -> None:
    """1009 and 1013 are primes: the words repeat together after five million instants."""

    def bursty(scale: int, offset: int) -> Word:
        return word((), tuple(int((i + offset) % (5 * scale) < 3 * scale) for i in range(5 * scale)))

    writer, reader = bursty(1009, 7), bursty(1013, 1013)
    common = 5 * 1009 * 1013
    written, read = (np.cumsum(np.resize(w.period, common)) for w in (writer, reader))
    initial = least_initial(writer, reader)
    assert initial == (read - written).max()
    assert buffer_between(writer, reader, initial).bypassed == initial + (written - read).max()


def _backlog(writer: Word, reader: Word, stored: int) -> list[tuple[int, int, int]]:
    """For each instant whether it writes and reads, and how many values were stored before it."""
    rows = []
    for w, r in zip(letters(writer), letters(reader), strict=True):
        rows.append((w, r, stored))
        stored += w - r
    return rows


@given(WORDS, WORDS)
def test_the_least_delay_makes_a_buffer_fit_and_no_smaller_one_does(writer: Word, reader: Word) -> None:
    starved = not reader.rate and sum(reader.prefix) > sum(writer.prefix)
    if not synchronisable(writer, reader) or starved:
        with pytest.raises(ValueError, match="no delay"):
            least_delay(writer, reader)
        return
    delay = least_delay(writer, reader)
    assert adaptable(writer, word((0,) * delay + reader.prefix, reader.period))
    if delay:
        assert not adaptable(writer, word((0,) * (delay - 1) + reader.prefix, reader.period))


def test_the_example_of_alternating_clocks_needs_one_slot_and_cuts() -> None:
    assert buffer_between(word((), (1, 0)), word((), (0, 1))) == BufferSize(1, 1, 1, cuts_causality=True)


def test_a_long_prefix_of_writes_is_stored() -> None:
    assert buffer_between(word((1,) * 100, (1, 0)), word((0,) * 100, (1, 0))) == BufferSize(101, 100, 200, True)


def test_words_of_different_rates_have_no_buffer() -> None:
    with pytest.raises(ValueError, match="no buffer"):
        buffer_between(word((), (1, 0)), word((), (1, 0, 0)))


@pytest.mark.parametrize(
    ("writer", "reader", "rate", "text"),
    [
        (word((), (1,)), word((), (1, 1, 0)), Fraction(100), "one extra value every 30 ms"),
        (word((), (1, 0)), word((), (1,)), None, "one value missing every 2 ticks"),
        (word((), (1,)), word((), (0,)), None, "one extra value every tick"),
        (word((), (1, 0)), word((), (1, 0, 0)), Fraction(2), "one extra value every 3 s"),
    ],
)
def test_growth_says_how_fast_a_buffer_runs_over(writer: Word, reader: Word, rate: Fraction | None, text: str) -> None:
    assert growth(writer, reader, rate) == text


def test_growth_of_equal_rates_is_refused() -> None:
    with pytest.raises(ValueError, match="same rate"):
        growth(word((), (1, 0)), word((), (0, 1)), None)
