"""Unknown words: solutions against simulated queues, sizes and periods against exhaustive search, known systems."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.clock_calculus.least import Solution, solve_system
from syncml.clock_calculus.systems import BASE_CLOCK, Constraint, NoSolutionError, Side, repetition_vector
from syncml.clock_calculus.words import adaptable, buffer_between, on, shortest
from syncml.ir.clocks import ALWAYS, Word, compose, word

TICKS = 200


def w(text: str) -> Word:
    prefix, _, period = text.rstrip(")").partition("(")
    return shortest(tuple(map(int, prefix)), tuple(map(int, period)))


def to(writer: str, reader: str, initial: int = 0, *, equal: bool = False) -> Constraint:
    def side(text: str) -> Side:
        name, _, selected = text.rpartition(" ")
        return Side(name, w(selected)) if name else Side(text) if "(" not in text else Side(BASE_CLOCK, w(text))

    return Constraint(side(writer), side(reader), initial, equal)


WORDS = st.builds(
    lambda prefix, period: shortest(tuple(prefix), tuple(period)),
    st.lists(st.integers(0, 2), max_size=2),
    st.lists(st.integers(0, 2), min_size=1, max_size=4).filter(any),
)


@st.composite
def systems(draw: st.DrawFn) -> list[Constraint]:
    """Buffers along a chain, and one back with enough values for any words of the rates to be decided."""
    names = ["a", "b", "c"][: draw(st.integers(2, 3))]
    chain = [
        Constraint(Side(left, draw(WORDS)), Side(right, draw(WORDS)), draw(st.integers(0, 2)))
        for left, right in pairwise(names)
    ]
    if draw(st.booleans()):
        chain.append(Constraint(Side(BASE_CLOCK, draw(WORDS)), Side(names[0]), draw(st.integers(0, 2))))
    return chain


def letters(word_: Word) -> list[int]:
    return [word_.at(i) for i in range(TICKS)]


def runs(constraint: Constraint, solution: Solution) -> int | None:
    """The most values that a queue between the two sides keeps from one instant to the next; None if it runs dry."""
    sides = []
    for side in (constraint.writer, constraint.reader):
        outer, selected, seen = solution.words[side.unknown], [], 0
        for letter in letters(outer):
            selected.append(sum(side.word.at(seen + i) for i in range(letter)))
            seen += letter
        sides.append(selected)
    stored = most = constraint.initial
    for written, read in zip(*sides, strict=True):
        stored += written - read
        if stored < 0:
            return None
        most = max(most, stored)
    return most


@settings(max_examples=150)
@given(systems(), st.sampled_from((1, 2, 5)))
def test_the_words_that_are_found_solve_the_system(system: list[Constraint], burst: int) -> None:
    try:
        solution = solve_system(system, burst)
    except NoSolutionError:
        return
    assert all(max(letters(found)) <= burst for name, found in solution.words.items() if name != BASE_CLOCK)
    for constraint, size in zip(system, solution.sizes, strict=True):
        assert size is not None
        most = runs(constraint, solution)
        assert most is not None
        assert most <= size.bypassed


@given(WORDS, WORDS)
def test_on_is_composition(outer: Word, inner: Word) -> None:
    seen = 0
    for i, letter in enumerate(letters(outer)):
        assert on(outer, inner).at(i) == sum(inner.at(seen + k) for k in range(letter))
        seen += letter
    binary = [shortest(tuple(min(1, x) for x in v.prefix), tuple(min(1, x) for x in v.period)) for v in (outer, inner)]
    assert on(*binary) == compose(*binary) == word(on(*binary).prefix, on(*binary).period)


def every_word(length: int, ones: int) -> list[Word]:
    """The binary words whose period has a length and a number of ones, after up to ``length`` zeros."""
    found = {}
    for period in product((0, 1), repeat=length):
        if sum(period) == ones:
            for zeros in range(length + 1):
                found[shortest((0,) * zeros, period)] = None
    return list(found)


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 1), min_size=2, max_size=3).filter(any),
    st.lists(st.integers(0, 1), min_size=2, max_size=3).filter(any),
    st.integers(0, 1),
    st.integers(2, 4),
)
def test_periods_and_sizes_are_the_least(p: list[int], q: list[int], initial: int, back: int) -> None:
    """Two unknowns in a loop, against all words of the periods up to the one that is found."""
    left, right = shortest((), tuple(p)), shortest((), tuple(q))
    system = [
        Constraint(Side("a", left), Side("b", right), initial),
        Constraint(Side("b", right), Side("a", left), back),
    ]
    solution = solve_system(system)
    assert solution.proved
    length = solution.ones["a"] / solution.words["a"].rate
    assert length.denominator == 1
    if length > 6:
        return
    best: int | None = None
    for shorter in range(1, int(length) + 1):
        for a in every_word(shorter, solution.ones["a"]):
            for b in every_word(shorter, solution.ones["b"]):
                sides = {"a": on(a, left), "b": on(b, right)}
                if adaptable(sides["a"], sides["b"], initial) and adaptable(sides["b"], sides["a"], back):
                    total = sum(
                        buffer_between(sides[c.writer.unknown], sides[c.reader.unknown], c.initial).bypassed
                        for c in system
                    )
                    assert shorter == length
                    best = total if best is None else min(best, total)
    assert best is None or solution.total <= best


def test_the_textbook_system() -> None:
    solution = solve_system([to("a (10)", "b (101)")])
    assert (solution.words["a"], solution.words["b"]) == (ALWAYS, w("(1110)"))
    assert solution.total == 0


@pytest.mark.parametrize(
    ("system", "burst", "total"),
    [
        ([to("c", "c 0(1)")], 1, 1),
        ([to("c 10(1)", "d (0101)"), to("d (0100)", "e"), to("d (0001)", "e")], 1, 2),
        ([to("x (4)", "y (4)"), to("y (4)", "z (3)"), to("z (3)", "b 0(1)"), to("b (1)", "x (4)", 12)], 1, None),
        ([to("c 11(11)", "c 01(11)"), to("c 11(11)", "(2)")], 15, 1),
        ([to("c (10)", "c (01)")], 2, 0),
    ],
)
def test_systems_of_buffers(system: list[Constraint], burst: int, total: int | None) -> None:
    solution = solve_system(system, burst)
    assert solution.proved
    assert all(runs(c, solution) is not None for c in system)
    if total is not None:
        assert solution.total == total


def test_an_equation_of_two_phases_has_no_solution() -> None:
    with pytest.raises(NoSolutionError, match="early and late") as caught:
        solve_system([to("c (10)", "c (01)", equal=True)])
    assert not caught.value.rates


def test_a_graph_with_cyclic_phases_has_a_repetition_vector() -> None:
    """An actor of three phases that writes 1, 0, 2 values, one that reads two at a time, one of two phases back."""
    chain = [to("a (102)", "b (2)"), to("b", "c (13)")]
    wrong = [*chain, to("c (31)", "a (300)", 3)]
    with pytest.raises(NoSolutionError, match="rates") as caught:
        repetition_vector(wrong)
    assert caught.value.rates
    assert set(caught.value.constraints) == set(wrong)
    assert repetition_vector([*chain, to("c (71)", "a", 4)]) == {"a": 24, "b": 12, "c": 6}
    assert repetition_vector([*chain, to("d", "e (3)")]) == {"a": 24, "b": 12, "c": 6, "d": 3, "e": 1}


def test_too_little_effort_says_so() -> None:
    chain = [to(f"n{i} (110)", f"n{i + 1} (011)") for i in range(4)] + [to("n4", "n0", 6)]
    assert solve_system(chain).proved
    hurried = solve_system(chain, effort=1)
    assert not hurried.proved
    assert hurried.total >= solve_system(chain).total
