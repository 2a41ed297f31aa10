"""Systems whose solutions by Acid Synchrone are known: the buffers found here are as small in total, or smaller.

The figures were measured with that compiler (revision 8c7981c, GLPK 5.0): the words that its solver prints give the
sizes. None is a system that it finds no words for. A buffer may be read in the instant of the write.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncml.clock_calculus.least import Solution, solve_system
from syncml.clock_calculus.systems import BASE_CLOCK, Constraint, NoSolutionError, Side
from syncml.clock_calculus.words import adaptable, on, shortest
from syncml.ir.clocks import ALWAYS, Word
from syncml.pipeline import check, load

PROGRAMS = Path(__file__).resolve().parents[1] / "accept"


def letters(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n, count in re.findall(r"(\d+)(?:\^(\d+))?", text) for _ in range(int(count or 1)))


def word(text: str) -> Word:
    prefix, _, period = text.rstrip(")").partition("(")
    return shortest(letters(prefix), letters(period))


def side(text: str) -> Side:
    name, _, selected = text.partition(" on ")
    return (
        Side(name, word(selected)) if selected else Side(text) if text.isidentifier() else Side(BASE_CLOCK, word(text))
    )


def system(text: str) -> list[Constraint]:
    """Constraints ``writer <: reader`` and ``side = side``, one in a line or behind ``;``."""
    found: list[Constraint] = []
    for row in filter(None, (row.strip() for row in re.split(r"[;\n]", text))):
        left, relation, right = re.split(r" (<:|=) ", row)
        found.append(Constraint(side(left), side(right), equal=relation == "="))
    return found


def selects(places: int, number: int) -> str:
    return f"(0^{number} 1 0^{places - number - 1})"


ZIGZAG = (0, 1, 3, 6, 4, 2, 5, 7, 8)
"""The order in which the picture coder reads a block of nine."""
BLOCK = "\n".join(f"given on {selects(9, n)} <: read on {selects(9, place)}" for place, n in enumerate(ZIGZAG))

CHECKSUM = "\n".join(f"c on {selects(53, 49)} <: c on {selects(53, place)}" for place in (50, 51, 52))
"""The speech coder: three bits of a register after the last of fifty bits, read one after the other."""

CONVOLUTION = """
    x <: late on 0^4(1)
    late on 0^3(1) <: x
    late on 0(1) <: x;  late <: x
    late on 0(1) <: x;  late <: x
    x <: out on (1 0);  x <: out on (0 1)
"""
"""Two polynomials over a window of five bits, and their results in turn."""

SPEECH = f"""
    frame on (1^50 0^210) = c on (1^50 0^3)
    c = important on (1^53 0^132)
    frame on (0^50 1^132 0^78) = important on (0^53 1^132)
    important = x on (1^185 0^4)
    sent on (1^378 0^78) = out
    frame on (0^182 1^78) = sent on (0^378 1^78)
    {CONVOLUTION}
    {CHECKSUM}
"""
"""The channel coding of a frame of 260 bits in three classes, of which two are coded: 456 bits."""

PUBLISHED = {
    "ones_of_two_rates": ("a on (1 0) <: b on (1 0 1)", 1, 0),
    "equal_phases": ("a on (1 0) = b on (0 1)", 1, 0),
    "burst_at_first": ("a <: b on 2(1)", 1, 1),
    "prefix": ("a on 1 0(1) <: b on (0 1 0 1)", 1, 1),
    "pairs_are_read": ("a on (1 0) <: b on (2)", 1, 1),
    "two_stages": ("a on 1 0(1) <: b on (0 1 0 1); b on (0 1 0 0) <: c; b on (0 0 0 1) <: c", 1, 2),
    "delay": ("c <: c on 0(1)", 1, 1),
    "delay_of_a_delay": ("c on 0(1) <: c on 0 0(1); c on 0 0(1) <: c on 0 0(1)", 1, 1),
    "line_of_a_picture": ("c <: c on 0^720(1); c on 0^720(1) = c on 0^720(1)", 1, 720),
    "burst_for_opposite_phases": ("c on (1 0) <: c on (0 1)", 2, 0),
    "pairs_and_triples": ("a on (2) <: b on (3)", 1, 3),
    "two_of_three_and_pairs": ("a on (1 0 1) <: b on (2)", 1, 1),
    "two_of_three_and_triples": ("a on (1 0 1) <: b on (3)", 1, 2),
    "loop_of_fours": (
        "x on (4) <: y on (4); y on (4) <: z on (3); z on (3) <: b on 0(1); b on 10(1) <: x on (4)", 1, 15
    ),
    "equal_bursts": ("a on (3) = b on (1 0^2 0^2 1 0^2)", 100, 0),
    "two_of_three": ("a on (0 1 1) <: b", 2, 0),
    "fours_and_four_of_five": ("a on (4) <: b on (0 1^4)", 2, 3),
    "twice_a_tick": ("c on 1 1(1 1) <: c on 0 1(1 1); c on 1 1(1 1) <: (2)", 15, None),
    "adjusted": ("c <: c on 0(1); c <: (2)", 15, None),
    "picture_coder": (BLOCK, 1, 8),
    "checksum": (CHECKSUM, 1, 3),
    "checksum_in_bursts": (CHECKSUM, 53, 0),
    "convolution": (CONVOLUTION, 1, 17),
    "convolution_in_bursts": (CONVOLUTION, 100, 11),
    "speech_coder": (SPEECH, 1, 20),
    "speech_coder_in_bursts": (SPEECH, 1000, 11),
}  # fmt: skip


def selected(side_: Side, solution: Solution) -> Word:
    return on(solution.words.get(side_.unknown, ALWAYS), side_.word)


@pytest.mark.parametrize("name", PUBLISHED)
def test_buffers_are_as_small_as_published(name: str) -> None:
    text, burst, published = PUBLISHED[name]
    constraints = system(text)
    solution = solve_system(constraints, burst)
    assert all(max((*w.prefix, *w.period)) <= burst for n, w in solution.words.items() if n != BASE_CLOCK)
    for constraint in constraints:
        left, right = selected(constraint.writer, solution), selected(constraint.reader, solution)
        assert left == right if constraint.equal else adaptable(left, right)
    assert solution.proved
    assert published is None or solution.total <= published


def test_what_has_no_solution_there_has_none_here() -> None:
    with pytest.raises(NoSolutionError):
        solve_system(system("c on (1 0) = c on (0 1)"))


@pytest.mark.parametrize(("program", "published"), [("buffer_picture_coder", 8), ("buffer_speech_coder", 20)])
def test_programs_need_as_little_as_published(program: str, published: int) -> None:
    """The same coders, written in the language: sizes are found from the clocks of the program."""
    checked = check(load(str(PROGRAMS / f"{program}.py")))
    assert 0 < sum(use.slots for use in checked.buffers) <= published
