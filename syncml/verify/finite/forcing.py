"""Which inputs of a run force a violation, in a system with finitely many states.

Rule, from the last tick backwards: the escapes at tick k are the states from which some run that has the values needed
from k on meets the assumptions and keeps the goal at the last tick. The state of the run at hand is none of them. Of
the values at tick k those are needed without which it would be one; the others may be anything. If no first state is an
escape, the needed values force the violation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncml.verify.finite.diagrams import FALSE, TRUE, TooLargeError
from syncml.verify.finite.reading import Bits, Finite, NotFiniteError, finite
from syncml.verify.system import System

STEPS = 300_000
"""Steps for one run: less than a second."""


def needed_where_finite(
    system: System, goal: str, given: Sequence[tuple[int, str, Any]], ticks: int
) -> set[int] | None:
    """The positions of values that force a goal to be false at the last tick; None if it is not known.

    Args:
        system: The transition system.
        goal: Its goal.
        given: The tick, the input and its value there.
        ticks: How many ticks there are.
    """
    try:
        return _needed(finite(system, STEPS), goal, given, ticks)
    except (NotFiniteError, TooLargeError):
        return None


def _needed(problem: Finite, goal: str, given: Sequence[tuple[int, str, Any]], ticks: int) -> set[int] | None:
    diagrams = problem.diagrams
    values: list[dict[int, bool]] = [{} for _ in range(ticks)]
    at: list[dict[int, Bits]] = [{} for _ in range(ticks)]
    for i, (tick, name, value) in enumerate(given):
        at[tick][i] = problem.inputs[name]
        values[tick] |= at[tick][i].coded(value)
    states = [diagrams.point(problem.initial)]
    for tick in range(ticks - 1):
        known = states[tick] | values[tick]
        states.append({level: diagrams.holds(f, known) for level, f in problem.following.items()})
    found: set[int] = set()
    escapes = diagrams.both(problem.held, problem.goals[goal])
    own = frozenset(level for bits in problem.states.values() for level in bits.levels)
    for tick in reversed(range(ticks)):
        if diagrams.holds(escapes, states[tick] | values[tick]):
            return None
        here = diagrams.composed(escapes, _constants(states[tick], own))
        for i, bits in at[tick].items():
            hidden = frozenset(bits.levels)
            free = diagrams.joined(here, TRUE, hidden)
            if diagrams.holds(free, values[tick]):
                found.add(i)
                fixed = _constants(values[tick], hidden)
                here, escapes = diagrams.composed(here, fixed), diagrams.composed(escapes, fixed)
            else:
                here, escapes = free, diagrams.joined(escapes, TRUE, hidden)
        # What no value was given for may be anything.
        escapes = diagrams.joined(
            escapes, TRUE, frozenset(level for b in problem.inputs.values() for level in b.levels)
        )
        if tick:
            escapes = diagrams.both(problem.held, diagrams.composed(escapes, problem.following))
    return found if diagrams.both(problem.initial, escapes) == FALSE else None


def _constants(values: Mapping[int, bool], levels: frozenset[int]) -> dict[int, int]:
    return {level: TRUE if values.get(level, False) else FALSE for level in levels}
