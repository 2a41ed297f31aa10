"""What is known of the clauses of a node: the proofs of its attempts, the violations, and what intervals decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Property
from syncml.verify.attempt import Attempt, Numbers, rests_on
from syncml.verify.checks import Checked
from syncml.verify.cone import Cones
from syncml.verify.verdicts import Counterexample

if TYPE_CHECKING:
    from syncml.verify.floats.ranges import Ranges


@dataclass(slots=True)
class Findings:
    """What is known of the clauses of a node.

    Attributes:
        checked: The node with its checks.
        clauses: Its clauses, without assumptions.
        ranges: What intervals know of floats, where they round.
        cones: What its streams depend on.
        shown: What is known of floats besides, where the clauses that it rests on are proved.
        exact: By name what the theory of floats proves: how far the induction looks back, and the seconds that it took.
        supposed: The names of what is proved over the reals elsewhere.
        attempts: The attempts so far.
        refuted: By the name of what does not hold, the run that shows it, and the seconds that it took.
    """

    checked: Checked
    clauses: Sequence[Property]
    ranges: Ranges | None
    cones: Cones
    supposed: frozenset[str] = frozenset()
    exact: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])
    shown: list[Ranges] = field(default_factory=list["Ranges"])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    refuted: dict[str, tuple[Counterexample, float]] = field(default_factory=dict[str, tuple[Counterexample, float]])

    def open(self) -> list[Property]:
        """The clauses without a verdict."""
        return [
            c for c in self.clauses
            if c.holds.name not in self.refuted and c.holds.name not in self.exact and self.found(c) is None
            and not (self.attempts and self.by_intervals(c))
        ]  # fmt: skip

    def is_proved(self, clause: Property) -> bool:
        """Whether a clause is known to hold."""
        return clause.holds.name in self.exact or self.found(clause) is not None or self.by_intervals(clause)

    def by_intervals(self, clause: Property) -> bool:
        """Whether intervals prove a clause."""
        return self.ranges is not None and self.ranges.truth(clause.holds) is True

    def margin(self, clause: Property) -> float | None:
        """By how much a clause about machine floats is known to hold."""
        if self.ranges is None:
            return None
        from syncml.verify.floats.slack import slack

        definition = {t: e for e in self.checked.node.equations for t in e.targets}
        found = [slack(definition, ranges, clause.holds) for ranges in (self.ranges, *self.shown)]
        return max((x for x in found if x is not None), default=None)

    def is_risk(self, clause: Property, numbers: Numbers, wrapping: bool) -> bool:
        """Whether a clause is a check that proofs of such an attempt rest on."""
        return rests_on(self.checked, clause.holds, numbers, wrapping=wrapping)

    def doomed(self, clause: Property, attempt: Attempt) -> bool:
        """Whether no proof of a clause in an attempt will count: a check that it rests on is violated."""
        index = attempt.position(clause)
        return index is not None and any(attempt.clauses[i].holds.name in self.refuted for i in attempt.risks(index))

    def proof(self, clause: Property, *numbers: Numbers) -> tuple[Attempt, int] | None:
        """A proof that counts in one of some attempts."""
        for attempt in self.attempts:
            index = attempt.position(clause)
            if index is not None and attempt.numbers in numbers and index in attempt.counted:
                return attempt, index
        return None

    def ideally(self, clause: Property) -> bool:
        """Whether a clause is proved, if floats are reals."""
        return clause.holds.name in self.supposed or self.proof(clause, Numbers.IDEAL, Numbers.BITS) is not None

    def found(self, clause: Property) -> tuple[Attempt, int] | None:
        """A proof that holds for the semantics that was asked for."""
        for attempt in self.attempts:
            index = attempt.position(clause)
            if index is not None and index in attempt.machine:
                return attempt, index
        return None

    def vacuous(self) -> int | None:
        """The instant from which on the assumptions exclude every run."""
        return next((a.session.vacuous for a in self.attempts if a.session.vacuous is not None), None)
