"""What is found out about machine floats without a transition system: by random runs, and by the theory of floats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Program, Property
from syncml.verify.findings import Findings
from syncml.verify.pool import Pool
from syncml.verify.remote import called
from syncml.verify.replay import Replay, counterexample
from syncml.verify.verdicts import Counterexample

SEARCH_SECONDS = 4.0
"""Processor time for each of two rounds of random runs, at most a tenth of the time that is left."""

EXACT_SECONDS = 6.0
"""For the theory of floats, at most half of the time that is left."""

LEAST = 0.1
"""With fewer seconds nothing is tried."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine floats of a node.

    Attributes:
        known: What is known of its clauses; what is found is added.
        program: The node alone, for replays.
        replay: The interpreter.
        pool: The workers.
        seed: Of random numbers and solvers.
    """

    known: Findings
    program: Program
    replay: Replay
    pool: Pool
    seed: int

    def search(self, clauses: Sequence[Property], left: float, enough: Callable[[], bool]) -> None:
        """Random runs against some clauses, as long as those that were found are not ``enough``."""
        seconds = min(SEARCH_SECONDS, left / 10)
        if self.known.ranges is None or not clauses or seconds < LEAST:
            return
        # Loaded where it is needed: it brings the elementary functions.
        from syncml.verify.floats.falsify import falsified

        started = time.monotonic()
        node = self.known.checked.node
        runs = falsified(node, self.known.ranges, [c.holds for c in clauses], seconds, self.seed)
        for clause in clauses:
            if clause.holds in runs and not enough():
                self.confirm(clause, *runs[clause.holds], started)

    def exactly(self, clauses: Sequence[Property], left: float) -> None:
        """The theory of floats on what is small."""
        seconds = min(EXACT_SECONDS, left / 2)
        if self.known.ranges is None or not clauses or seconds < LEAST:
            return
        from syncml.verify.floats.exact import Exact, decide_exactly, small_ones

        started = time.monotonic()
        by_name = {c.holds.name: c for c in clauses}
        node = self.known.checked.node
        small = small_ones(node, [c.holds for c in clauses])
        if not small:
            return
        arguments = node, self.known.ranges, small, seconds, self.seed
        for found in called(self.pool, decide_exactly, arguments, seconds):
            if not isinstance(found, Exact):
                continue
            if found.k:
                self.known.exact[found.name] = (found.k, found.seconds)
            else:
                self.confirm(by_name[found.name], found.inputs, found.ticks, started)

    def confirm(self, clause: Property, inputs: Mapping[str, Sequence[Any]], ticks: int, started: float) -> None:
        """Replay a run; if it violates a clause, that is known then."""
        outcome = counterexample(self.program, clause, inputs, ticks, self.replay)
        if isinstance(outcome, Counterexample):
            self.known.refuted[clause.holds.name] = (outcome, time.monotonic() - started)
