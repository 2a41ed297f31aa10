"""Phases that flatten the peak of a cyclic executive.

Rule: the words ``0^p (1 0^(n-1))`` that a program samples its base clock by may start at any p below n, as long as the
program stays well-formed; the p are sought for which the greatest number of operations in a tick is the least. What a
moved word computes later, its readers see later: the phases are a suggestion until the user asks for them.

The search is exact: phases are tried group by group, the costliest first, and given up where the peak so far, or the
mean, is no better than the best one that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import lcm

import numpy as np
from numpy.typing import NDArray

from syncml.clock_calculus.executive import Executive
from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE, Clock, Periodic, Word, word
from syncml.ir.equations.syntax import Equation, Node, Program, Wave

LONGEST = 20_000
"""The longest common period over which phases are sought."""

EFFORT = 50_000
"""How many partial choices of phases are looked at."""


@dataclass(frozen=True, slots=True)
class Group:
    """What is sampled by one word of the base clock: every ``period``-th tick, first at ``phase``."""

    word: Word
    period: int
    phase: int
    equations: tuple[Equation, ...]


@dataclass(frozen=True, slots=True)
class Phases:
    """A choice of phases: the new phase of each group, and whether no other choice has a lower estimated peak."""

    chosen: Mapping[Word, int]
    proved: bool


def groups_of(clocked: Node) -> tuple[Group, ...]:
    """The groups of a node that no declared clock of an input fixes, by period."""
    fixed = {clock.word for var in clocked.inputs if isinstance(clock := clocked.clocks[var], Periodic)}
    waves: dict[Word, list[Equation]] = {}
    for equation in clocked.equations:
        if isinstance(equation.rhs, Wave) and equation.clock == BASE and not equation.rhs.resets:
            waves.setdefault(equation.rhs.word, []).append(equation)
    found: list[Group] = []
    for letters, equations in waves.items():
        phase = len(letters.prefix) + (letters.period.index(1) if 1 in letters.period else 0)
        if letters not in fixed and 1 not in letters.prefix and sum(letters.period) == 1 < len(letters.period):
            found.append(Group(letters, len(letters.period), phase, tuple(equations)))
    return tuple(sorted(found, key=lambda g: (g.period, g.phase)))


def shifted(program: Program, phases: Mapping[Word, int]) -> Program:
    """``program`` with the words of its main node that ``phases`` names moved to other phases."""

    def move(equation: Equation) -> Equation:
        rhs = equation.rhs
        if isinstance(rhs, Wave) and rhs.word in phases and not rhs.resets:
            return replace(equation, rhs=Wave(_strict(len(rhs.word.period), phases[rhs.word])))
        return equation

    main = program.nodes[-1]
    return replace(program, nodes=(*program.nodes[:-1], replace(main, equations=tuple(map(move, main.equations)))))


def _strict(period: int, phase: int) -> Word:
    return word((0,) * phase, (1,) + (0,) * (period - 1))


def flattest(groups: Sequence[Group], clocks: Mapping[str, Clock], counted: Executive) -> Phases | None:
    """The phases with the least peak, as far as the present counts tell; None if there is nothing to move.

    Args:
        groups: The groups that may be moved.
        clocks: The clock that each text in ``counted`` stands for.
        counted: The operations at the present phases.
    """
    length = lcm(counted.period, *(g.period for g in groups))
    if not groups or not counted.complete or length > LONGEST:
        return None
    owner = {text: _owner(clock, groups) for text, clock in clocks.items()}
    rest = np.zeros(length, dtype=np.int64)
    loads = {g.word: np.zeros(length, dtype=np.int64) for g in groups}
    for i in range(length):
        # In the regular part, so that a late first instant does not hide a load.
        at = counted.prefix + (i - counted.prefix) % counted.period
        for text, count in counted.ticks[at].items():
            group = owner.get(text)
            (rest if group is None else loads[group.word])[i] += count
    order = sorted(groups, key=lambda g: -int(loads[g.word].max()))
    # At phase 0, so that a roll by p is the load at phase p.
    profiles = [np.roll(loads[g.word], -g.phase) for g in order]
    present = rest + sum((loads[g.word] for g in order), np.zeros(length, dtype=np.int64))
    return _search(order, profiles, rest, int(present.max()))


def _owner(clock: Clock, groups: Sequence[Group]) -> Group | None:
    """The slowest group all of whose instants cover those of ``clock``."""
    if not isinstance(clock, Periodic) or clock.parent != BASE:
        return None
    letters = clock.word
    length = len(letters.prefix) + lcm(len(letters.period), *(g.period for g in groups))
    ones = [i for i in range(length) if letters.at(i)]
    covering = [g for g in groups if all(g.word.at(i) for i in ones)]
    return max(covering, key=lambda g: g.period, default=None)


def _search(
    order: Sequence[Group], profiles: Sequence[NDArray[np.int64]], rest: NDArray[np.int64], peak: int
) -> Phases:
    sums = [sum(int(p.sum()) for p in profiles[i:]) for i in range(len(profiles) + 1)]
    mean = -(-(int(rest.sum()) + sums[0]) // len(rest))
    best = {g.word: g.phase for g in order}
    stack: list[tuple[int, ...]] = [()]
    effort = EFFORT
    while stack and peak > mean:
        phases = stack.pop()
        effort -= 1
        if effort < 0:
            return Phases(best, proved=False)
        load = rest + sum((np.roll(p, s) for p, s in zip(profiles, phases, strict=False)), np.zeros_like(rest))
        if int(load.max()) >= peak:
            continue
        if len(phases) == len(order):
            best, peak = {g.word: s for g, s in zip(order, phases, strict=True)}, int(load.max())
            continue
        # The phase with the lowest peak is tried first.
        profile = profiles[len(phases)]
        peaks = [(int((load + np.roll(profile, s)).max()), s) for s in range(order[len(phases)].period)]
        stack += [(*phases, s) for value, s in sorted(peaks, reverse=True) if value < peak]
    return Phases(best, proved=True)
