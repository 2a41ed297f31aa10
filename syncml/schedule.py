"""The cyclic executive of a program, and phases that flatten it.

Rule: phases are moved in the traced program, and what comes of it is checked and counted anew; so a choice of phases is
offered only if the program stays well-formed and its peak is lower in fact.
"""

from __future__ import annotations

from syncml.clock_calculus import hyperperiod
from syncml.clock_calculus.executive import Executive, executive
from syncml.clock_calculus.phases import Group, flattest, groups_of, shifted
from syncml.dataclass import dataclass
from syncml.diagnostics import DiagnosticError
from syncml.ir.clocks import Clock, Word
from syncml.ir.equations.syntax import Program
from syncml.ir.rates import text_of
from syncml.pipeline import Checked, check, step_code


@dataclass(frozen=True, slots=True)
class Move:
    """A group of samplings and the phase that it moves to, in ticks."""

    group: Group
    phase: int


@dataclass(frozen=True, slots=True)
class Flattening:
    """Moves that lower the peak, the program with them, and whether they are the best by the estimate."""

    moves: tuple[Move, ...]
    checked: Checked
    counted: Executive
    proved: bool


def count(checked: Checked) -> Executive:
    """The operations of each tick of the main node with all calls in place."""
    code = step_code(checked, flat=True)
    return executive(code.machines[-1], *hyperperiod(checked.flat.clocks.values()))


def flatten(program: Program, checked: Checked, counted: Executive) -> Flattening | None:
    """Choose phases that lower the peak of ``program``, which was checked and counted; None if none do."""
    groups = [g for g in groups_of(checked.main) if _moved(program, {g.word: (g.phase + 1) % g.period}) is not None]
    clocks: dict[str, Clock] = {text_of(c): c for c in checked.flat.clocks.values()}
    found = flattest(groups, clocks, counted)
    if found is None:
        return None
    phases = {g.word: found.chosen[g.word] for g in groups if found.chosen[g.word] != g.phase}
    moved = _moved(program, phases)
    if not phases or moved is None:
        return None
    again = count(moved)
    if again.peak >= counted.peak:
        return None
    moves = tuple(Move(g, phases[g.word]) for g in groups if g.word in phases)
    return Flattening(moves, moved, again, found.proved)


def _moved(program: Program, phases: dict[Word, int]) -> Checked | None:
    """The program at other phases; None if it is ill-formed then."""
    try:
        return check(shifted(program, phases))
    except DiagnosticError:
        return None
