"""The verdict of each clause, from what is known of it, and the advice where nothing decides it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import GOALS, Program, Property, Var
from syncml.ir.types import FLOATS, element
from syncml.verify.attempt import Numbers, goal_of, index_of, kind_of, numbers_of
from syncml.verify.findings import Findings
from syncml.verify.pool import Pool
from syncml.verify.remote import Failure, called
from syncml.verify.replay import Replay, plain, qualified
from syncml.verify.verdicts import (
    Counterexample,
    Floats,
    Proved,
    Reached,
    Result,
    Semantics,
    Unknown,
    Unreachable,
    Verdict,
    VerifyOptions,
    Violated,
)

if TYPE_CHECKING:
    from syncml.verify.minimise import Subject

INTERVALS = "intervals"
"""The method of what the ranges of streams show."""

EXACTLY = "k-induction, theory of floats"
"""The method of what the solver proves with machine floats as they are."""

INTERRUPTED = "interrupted"
"""Why a property is not decided that was not decided when the user interrupted."""

VACUOUS = "the assumptions contradict each other"
"""Why nothing is decided where no run meets the assumptions."""

UNASKED = "time was up before a solver was asked"
"""Why a property is not decided where the program is too large for the time that there is."""

ABANDONED = "not in the part of the time that such checks get where all that is stated is decided"
"""Why a check is not decided although there is time left."""

TELLING = 4.0
"""Seconds for all counterexamples of a node at least, even beyond the time limit."""

SECONDS = 1.0
"""How long one counterexample is worked on at most."""

LEAST = 0.02
"""With fewer seconds for each of them they stay as they were found."""

ENDED = 3.0
"""After so many times the seconds that it has, the process is ended that makes a counterexample shorter."""

LONGEST_TOLD = 400
"""Longer counterexamples are not made shorter: each step would be a replay."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what became of each clause of a node.

    Attributes:
        known: What is known of them.
        program: The node alone, for replays.
        label: What reports call the node.
        options: Limits, engines, semantics.
        replay: The interpreter.
        pool: The workers, and whether the user has interrupted.
        deadline: When, of the monotonic clock, time is up.
        wants: Whether the user asked about a clause.
        telling: Seconds for making each counterexample readable, and when, of the monotonic clock, that ends.
    """

    known: Findings
    program: Program
    label: str
    options: VerifyOptions
    replay: Replay
    pool: Pool
    deadline: float
    wants: Callable[[Property], bool]
    telling: tuple[float, float]

    def result(self, clause: Property) -> Result:
        """The verdict of a clause."""
        verdict, seconds = self._decided(clause)
        if clause.kind in GOALS:
            verdict = _of_goal(verdict)
        return Result(
            qualified(clause), kind_of(self.known.checked, clause), self.label, clause.span, clause.requirement,
            verdict, seconds, clause.instance,
        )  # fmt: skip

    def _decided(self, clause: Property) -> tuple[Verdict, float]:
        if clause.holds.name in self.known.refuted:
            found, seconds = self.known.refuted[clause.holds.name]
            return Violated(self._told(clause, found), rounding=self.known.ideally(clause)), seconds
        depth = max((a.session.depth.get(goal_of(i), 0) for a in self.known.attempts
                     if (i := a.position(clause)) is not None), default=0)  # fmt: skip
        if self.known.vacuous() is not None:
            return Unknown(VACUOUS, depth, "weaken an assumption"), 0.0
        if (found := self.known.found(clause)) is not None:
            attempt, index = found
            attempt.reported.add(index)
            proof = attempt.session.proofs[goal_of(index)]
            names = tuple(qualified(attempt.clauses[index_of(g)]) for g in proof.using)
            numbers, floats = self._numbers(clause)
            return Proved(
                proof.method, proof.k, names, numbers, proof.invariant, cached=proof.cached, floats=floats,
                margin=self.known.margin(clause),
            ), proof.time_s  # fmt: skip
        if self.known.by_intervals(clause):
            numbers, floats = self._numbers(clause)
            return Proved(INTERVALS, 1, (), numbers, floats=floats, margin=self.known.margin(clause)), 0.0
        if clause.holds.name in self.known.exact:
            k, seconds = self.known.exact[clause.holds.name]
            return Proved(EXACTLY, k, (), *self._numbers(clause)[:1], floats="machine"), seconds
        return self._undecided(clause, depth), 0.0

    def _told(self, clause: Property, found: Counterexample) -> Counterexample:
        """A counterexample without what does not matter, and with the reason why it is one."""
        seconds, until = self.telling
        if self.pool.stopped or not self.options.explain or not self.wants(clause):
            return found
        if seconds < LEAST or time.monotonic() > until:
            return found
        # Loaded where they are needed: of most properties there is nothing to tell.
        from syncml.verify.explain import explanation
        from syncml.verify.minimise import Subject

        # A run that was found before any attempt at rounding stays as it is: its inputs were drawn one by one.
        attempt = next((a for a in self.known.attempts if a.position(clause) is not None), None)
        index = None if attempt is None else attempt.position(clause)
        if attempt is not None and index is not None and found.ticks <= LONGEST_TOLD:
            subject = Subject(
                self.program, clause, goal_of(index), attempt.session.system, attempt.inputs, self.replay,
                attempt.session.is_explored,
            )  # fmt: skip
            found = self._minimised(subject, found, seconds)
        column = cache(self.replay(self.program, found.inputs, found.ticks).column)

        def value(var: Var, tick: int) -> object:
            return plain(column(var.name).at(tick))

        return replace(found, explanation=explanation(self.known.checked.node, clause, found, value))

    def _minimised(self, subject: Subject, found: Counterexample, seconds: float) -> Counterexample:
        """The last of the counterexamples that a worker, or this process, finds in place of ``found``."""
        from syncml.verify.minimise import minimised

        if subject.explored:
            # No solver is asked, so that there is nothing to end from outside.
            better = [found]
            minimised(better.append, subject, found, self.options.seed, seconds)
            return better[-1]
        for shorter in called(self.pool, minimised, (subject, found, self.options.seed, seconds), ENDED * seconds):
            found = found if isinstance(shorter, Failure) else shorter
        return found

    def _undecided(self, clause: Property, depth: int) -> Unknown:
        if self.pool.stopped:
            return Unknown(INTERRUPTED, depth, "run it again")
        for attempt in self.known.attempts:
            index = attempt.position(clause)
            if index is not None and goal_of(index) in attempt.session.spurious and not self.known.ideally(clause):
                reason = f"violated over the reals, but not in floats: {attempt.session.spurious[goal_of(index)]}"
                return Unknown(reason, depth, "state the property with a tolerance")
        if self.known.ideally(clause):
            return self._unrounded(clause, depth)
        if any((i := a.position(clause)) is not None and goal_of(i) in a.session.proofs for a in self.known.attempts):
            reason = "proved only as long as no integer operation overflows, which is not proved"
            return Unknown(reason, depth, "bound the integers that it depends on")
        if all(a.position(clause) is None for a in self.known.attempts):
            return Unknown(UNASKED, depth, "give more time with --timeout")
        if clause.holds in self.known.checked.kinds and any(a.session.abandoned for a in self.known.attempts):
            return Unknown(ABANDONED, depth, "bound what it depends on, or ask for it by its name with --property")
        reason = "time is up" if self.deadline <= time.monotonic() else "no engine decided it"
        if failures := [f for a in self.known.attempts for f in a.session.failures]:
            reason = f"{reason}; {failures[-1]}"
        return Unknown(reason, depth, "state a lemma with invariant(...), or give more time with --timeout")

    def _unrounded(self, clause: Property, depth: int) -> Unknown:
        """Proved over the reals, but not for floats."""
        cone = self.known.cones.of(clause.holds)
        broken = [
            c.name for c in self.known.clauses
            if self.known.is_risk(c, Numbers.FLOATS, wrapping=True) and self.known.checked.checked[c.holds] in cone
            and self.known.found(c) is None and not self.known.by_intervals(c)
        ]  # fmt: skip
        if broken:
            others = " and others" if len(broken) > 1 else ""
            reason = f"proved over the reals; for floats it rests on what is not proved: {broken[0]}{others}"
            return Unknown(reason, depth, "bound the inputs with assume(...) or require(...)")
        reason = "proved over the reals; with the rounding of floats neither proved nor violated"
        advice = "state it and its lemmas with a tolerance, or ask for --semantics reals"
        return Unknown(reason, depth, advice)

    def _numbers(self, clause: Property) -> tuple[str, Floats]:
        """What numbers mean in a proof, and floats, as far as the property depends on numbers at all."""
        kinds = {element(v.type) for v in self.known.cones.of(clause.holds)}
        rounded = self.options.semantics is Semantics.MACHINE
        floats = "{} floats" if rounded else "ideal reals for floats"
        text = numbers_of(kinds, machine=self.options.semantics is not Semantics.IDEAL, floats=floats)
        return text, "" if not kinds & FLOATS else "machine" if rounded else "reals"


def telling(violations: int, left: float) -> tuple[float, float]:
    """Seconds for making each of some counterexamples readable, with so much time left, and when that ends."""
    most = max(left, TELLING)
    return min(SECONDS, most / max(1, violations)), time.monotonic() + most


def _of_goal(verdict: Verdict) -> Verdict:
    """What a verdict on the claim that a goal is never reached says of the goal."""
    match verdict:
        case Violated(run, semantics):
            return Reached(run, semantics)
        case Proved():
            return Unreachable(verdict)
        case _:
            return verdict
