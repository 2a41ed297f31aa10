"""One transition system, all engines: who runs when, and what follows from what they report.

Where arithmetic is linear, k-induction on all goals together and bounded model checking run side by side, and what
stays open goes to Spacer, goal by goal; bounded model checking takes the time that is left in the end. Where it is
not, demand-driven proofs come first: every open goal is assumed at the instant before, each is proved from the others,
and those that fail are dropped until the rest stands without them. A model that violates a goal is replayed at once;
where rounding undoes it, a violation with a margin is sought.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from syncml.verify.demand import AT_FIRST, BRIEFLY, BRIEFLY_FIRST, Demand
from syncml.verify.search import Outcome

QUICK = 1.5
"""Seconds of the first attempt."""

ROUNDS = (2.0, 6.0, 20.0, 60.0, 200.0, 600.0)
"""Seconds of processor time for each engine, round after round."""

RELAXED = 0.2
"""The part of the time left for a round on checks that nobody states, where all that is stated is decided."""

LEAST_QUERY = 0.05
"""Seconds of a query at least, however little time is left."""

EFFORTS = ((1.0, 2), (4.0, 4), (15.0, 8), (60.0, 20))
"""Where there are products: seconds for a query, and instants searched for violations, round after round."""

BRIEF_EFFORTS = 2
"""How many of these rounds are a quick attempt."""

NUMBERS = frozenset({"Int", "Real"})
"""The sorts of states that may have bounds."""

LONGEST_RUN = 1000
"""How many instants a random run has at most."""

DEEPEST = 100_000
"""How many instants are searched at most, however much time is left."""

STEPS = 300_000
"""Steps for the states of a system with finitely many, before any solver is asked: less than a second."""

CONSISTENT = 20
"""For how many instants it is asked whether a run can meet the assumptions, where arithmetic is linear."""


class Session(Demand):
    """The search, engine by engine."""

    __slots__ = ()

    @property
    def is_explored(self) -> bool:
        """Whether the system has finitely many states, all of which are known."""
        return self._states is Outcome.DECIDED

    def explore(self) -> bool:
        """Decide a system with finitely many states in this process, if a moment is enough; whether nothing is open.

        No solver has a part in it, and none is loaded.
        """
        if "states" in self.engines and self._states is None:
            self._states = Outcome.INFINITE
            self._started = time.monotonic()
            numbers = sum(x.sort != "Bool" for x in (*self.system.inputs, *self.system.states))
            if numbers <= len(self.system.facts):
                # Loaded where it is needed.
                from syncml.verify.finite.explore import decide

                try:
                    self._states = decide(self.system, self.system.goals, STEPS, self._take)
                except KeyboardInterrupt:
                    self.pool.stop()
        return bool(self.proofs or self.refuted or self.vacuous is not None) and not self.open()

    def run(self, *, brief: bool = False, products: bool = False) -> None:
        """Decide as many goals as time allows, or until the user interrupts; may be called again.

        Args:
            brief: Make the quick attempt on a linear system, and no more.
            products: Make the first rounds on one with products, too.
        """
        try:
            self._run(brief, products)
            self._before_contradiction()
            # What nobody waits for ends here: its events would be taken for those of another system.
            self.pool.cancel_all()
        except KeyboardInterrupt:
            self.pool.stop()

    def _run(self, brief: bool, products: bool) -> None:
        self._started = time.monotonic()
        self.tried = True
        if (self.proofs or self.refuted) and not self.open():
            return
        self._text = self.system.to_json()
        part = brief and products and self.system.nonlinear
        if brief and not part:
            if not self.system.nonlinear:
                self._quick()
            return
        if not self.patient:
            self._briefly()
            return
        if (self.system.nonlinear or self.system.nearest) and "localised" in self.engines:
            if self.system.assumptions:
                self._consistency = self._submit("consistency", min(3.0, self.left() / 8))
            if self.system.nearest:
                self._at_once()
                self._inductive(AT_FIRST, again=True)
            # Quick proofs, then shallow violations, then whatever time is left for both.
            for seconds, depth in EFFORTS[self._efforts :] if self.system.nonlinear else ():
                if (part and self._efforts == BRIEF_EFFORTS) or not self._goes_on():
                    return
                with self._limited():
                    self._inductive(seconds, again=seconds > 1.0 or bool(self.system.nearest))
                    self._wander(seconds)
                    self._shallow(depth, seconds)
                    self._margins()
                self._efforts += 1
        self._together()
        self._margins()
        self._to_the_end()

    def _briefly(self) -> None:
        """Proofs, as long as each round of them shows more than the one before."""
        if "localised" in self.engines:
            self._at_once(BRIEFLY)
            self._inductive(AT_FIRST, again=True, among=self.first)
            self._inductive(self._each(BRIEFLY_FIRST), again=True)
        if not self.system.nonlinear:
            self._quick()
        for seconds in ROUNDS:
            before = len(self.proofs)
            if self.left() < 0.5 or not self.open():
                return
            if "localised" in self.engines:
                self._inductive(self._each(seconds), again=True)
            if not self.system.nonlinear:
                self._round(min(seconds, self.left()))
            if len(self.proofs) == before:
                return

    def _each(self, seconds: float) -> float:
        """The limit of a query, such that half of the time that is left does for the base and the step of all goals."""
        return min(seconds, max(LEAST_QUERY, self.left() * self.pool.jobs / (4 * max(1, len(self.open())))))

    # All goals together, and Spacer for those that induction leaves open.

    def _together(self) -> None:
        if not self._quickly:
            self._quick()
        for seconds in ROUNDS:
            if self.left() < 0.5 or not self.open() or not self._goes_on():
                break
            with self._limited():
                self._round(min(seconds, self.left()))

    def _goes_on(self) -> bool:
        """Whether another round is worth its time: once the user is satisfied, if the last one showed something."""
        before, self._shown = self._shown, len(self.proofs) + len(self.refuted)
        self.abandoned = self.satisfied(self)
        return not self.abandoned or self._shown != before

    @contextmanager
    def _limited(self) -> Generator[None]:
        """A round; it takes a part of the time only where the user is satisfied."""
        whole = self.deadline
        if self.abandoned:
            self.deadline = time.monotonic() + RELAXED * self.left()
        try:
            yield
        finally:
            self.deadline = whole

    def _quick(self) -> None:
        """A moment for k-induction: it decides most properties, and a run that rounding breaks is not to come first."""
        self._quickly = True
        if goals := self.open():
            if self.system.assumptions and not self.system.nonlinear:
                self._consistency = self._submit("consistency", min(1.0, self.left() / 8), each=1.0, depth=CONSISTENT)
            quick = QUICK if not self.system.nonlinear else 0.1 * self.left()
            if "induction" in self.engines:
                self._submit("quick", quick, depth=12, goals=goals)
            elif "bmc" in self.engines:
                self._submit("bmc", quick, depth=8, goals=self._sought())
            self._gather()

    def _round(self, seconds: float) -> None:
        """Give each engine about ``seconds``; what they find is known in the next round.

        Spacer, which proves in a moment what others never do, comes first where one goal is wanted and time is short.
        """
        wanted = self._sought()
        lemmas, known = list(self.proofs), list(self._invariants)
        early = len(wanted) == 1 and seconds <= ROUNDS[0]
        if early:
            self._reach(wanted, seconds)
        if "induction" in self.engines:
            self._submit(
                "induction", seconds, each=seconds / 4, depth=20, goals=self.open(), lemmas=lemmas, known=known
            )
        if "bmc" in self.engines and wanted:
            self._submit(
                "bmc", seconds, depth=self.depth_limit, goals=wanted, lemmas=lemmas, first=self._searched(wanted)
            )
        if not early:
            self._reach(wanted, seconds)
        self._wander(seconds)
        self._bound(3 * seconds)
        if self._states is Outcome.TOO_LARGE:
            self._beside("states", 3 * seconds, goals=self.open())
        self._gather()

    def _reach(self, wanted: Sequence[str], seconds: float) -> None:
        """Spacer, goal by goal."""
        if "spacer" in self.engines and not self.system.nonlinear:
            share = max(0.2, seconds / max(1, len(wanted)))
            for goal in wanted:
                self._submit(
                    "spacer", share, each=share, goals=[goal], lemmas=list(self.proofs), known=list(self._invariants)
                )

    def _bound(self, seconds: float) -> None:
        """Look for bounds of numeric states, until they are found."""
        if "induction" in self.engines and not self._bounded and any(s.sort in NUMBERS for s in self.system.states):
            self._beside("bounds", seconds, each=seconds, goals=self.open())

    def _wander(self, seconds: float) -> None:
        """Random runs, where violations are wanted."""
        if "runs" in self.engines and self.roams and (wanted := self._sought()):
            self._beside("runs", seconds, depth=LONGEST_RUN, goals=wanted, first=self._populations)

    def _beside(self, engine: str, seconds: float, **more: Any) -> None:
        """Queue a task that nobody waits for, unless the last one of its engine has not ended."""
        if self._background.get(engine) not in self.pool.pending():
            self._background[engine] = self._submit(engine, seconds, lemmas=list(self.proofs), **more)

    def _gather(self) -> None:
        """Take what tasks report until they are done, or all is decided."""
        for _, event in self.pool.events(self.deadline):
            self._take(event)
            if not self.open():
                # Whether any run meets the assumptions is asked in every case.
                self.pool.cancel_all(keep=self._consistency)
            elif self._is_done(event):
                return

    def _to_the_end(self) -> None:
        """Search for violations of what is open in whatever time is left."""
        if "bmc" not in self.engines or self.left() < 1.0 or self.abandoned or not (goals := self._sought()):
            return
        self._submit("bmc", self.left(), depth=DEEPEST, goals=goals, first=self._searched(goals))
        self._gather()
        self._margins()

    def _before_contradiction(self) -> None:
        """Search all runs that the assumptions allow where they exclude those of some length: a run may be a violation.

        Whichever engine found the contradiction, the goals that were not yet searched so far are searched now.
        """
        last = self.vacuous or 0
        goals = sorted(g for g in self.wanted - self.refuted.keys() if self.depth.get(g, 0) < last)
        if goals and "bmc" in self.engines:
            self.pool.cancel_all()
            self._submit("bmc", self.left(), depth=last, goals=goals)
            for _, event in self.pool.events(self.deadline):
                self._take(event)
