"""Rows of results as columns, and the verdict of each run.

Rule: run ``i`` of a sweep is a function of (program, scenario, seed, i) alone. Its row says which parameters it had,
the seed of its random numbers, what it measured, and its verdict: it fails if a promise fails, or the ego collides,
before any assumption does; it is outside of what the program was made for if an assumption fails first, or with it;
else it passes. Of clauses that fail at one tick the first by name is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass

Values = NDArray[Any]
Rows: TypeAlias = dict[str, Values]
"""The columns of results by name, with an element for each run, in their order; none where there is no run."""

VERDICTS = ("passed", "failed", "outside")
"""The verdicts by their numbers in a row."""
PASSED, FAILED, OUTSIDE = range(3)
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of the contracts, and a collision after them, where the scenario has actors.

    Attributes:
        names: Their names.
        assumed: Which of them speak of the environment.
    """

    names: tuple[str, ...]
    assumed: tuple[bool, ...]

    def judged(self, first: Sequence[Values], runs: int) -> Rows:
        """The columns ``verdict``, ``clause`` (a place among the names, or -1) and ``tick`` (or -1).

        Args:
            first: For each clause the first tick at which it fails in each run, or `NEVER`.
            runs: How many runs there are.
        """
        ticks = np.array(first, dtype=np.int64).reshape(len(self.names), runs)
        order = sorted(range(len(self.names)), key=lambda place: self.names[place])
        broken, clause_broken = self._earliest(ticks, [p for p in order if not self.assumed[p]], runs)
        left, clause_left = self._earliest(ticks, [p for p in order if self.assumed[p]], runs)
        verdict = np.where(broken < left, FAILED, np.where(left < NEVER, OUTSIDE, PASSED)).astype(np.int8)
        tick = np.minimum(broken, left)
        clause = np.where(verdict == FAILED, clause_broken, clause_left)
        passed = verdict == PASSED
        return {
            "verdict": verdict,
            "clause": np.where(passed, -1, clause).astype(np.int16),
            "tick": np.where(passed, -1, tick).astype(np.int32),
        }

    def _earliest(self, ticks: Values, places: Sequence[int], runs: int) -> tuple[Values, Values]:
        """The least tick among some clauses, and which clause is the first that has it."""
        if not places:
            return np.full(runs, NEVER), np.zeros(runs, dtype=np.int64)
        own = ticks[list(places)]
        chosen = own.argmin(axis=0)
        return own[chosen, np.arange(runs)], np.array(places)[chosen]


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of some runs.

    Attributes:
        runs: How many were asked for.
        left_out: Those that the constraints of the scenario rule out.
        verdicts: How many have each verdict.
        collisions: In how many the ego touched another actor.
        failing: The least numbers of those that fail.
    """

    runs: int = 0
    left_out: int = 0
    verdicts: tuple[int, ...] = (0, 0, 0)
    collisions: int = 0
    failing: tuple[int, ...] = ()

    def plus(self, other: Summary, most: int) -> Summary:
        """Both together; ``most`` failing runs are named."""
        return Summary(
            self.runs + other.runs,
            self.left_out + other.left_out,
            tuple(a + b for a, b in zip(self.verdicts, other.verdicts, strict=True)),
            self.collisions + other.collisions,
            tuple(sorted(self.failing + other.failing)[:most]),
        )


def summary(rows: Rows, runs: int, most: int) -> Summary:
    """What became of ``runs`` runs, those without a row left out; ``most`` failing ones are named."""
    if not rows:
        return Summary(runs, runs)
    verdict = rows["verdict"]
    counts = tuple(int(np.count_nonzero(verdict == number)) for number in range(len(VERDICTS)))
    failing = rows["run"][verdict == FAILED][:most]
    collided = int(np.count_nonzero(rows["collided"])) if "collided" in rows else 0
    return Summary(runs, runs - len(verdict), counts, collided, tuple(failing.tolist()))


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of consecutive blocks."""
    filled = [part for part in parts if part]
    return {name: np.concatenate([part[name] for part in filled]) for name in (filled[0] if filled else ())}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a simulator says of some runs.

    Attributes:
        ticks: The length of each.
        first: For each clause the first tick at which it fails, or `NEVER`; a collision last, if there are actors.
        metrics: What was measured, by name.
    """

    ticks: Values
    first: Sequence[Values]
    metrics: Mapping[str, Values] = field(default_factory=dict[str, Values])
