"""When a session has found out enough of what was asked.

Rule: it ends when all that is asked for is decided, and its proofs count. Some questions are not worth all the time
that there is: a mode, and a check that ranges may show, are waited for as long as `PATIENCE` says; and once all that
the user *stated* is decided, the checks that nobody states (overflow, division, indices) get a further round of the
engines only after one that showed something new, and a part of the time for each.
"""

from __future__ import annotations

from collections.abc import Callable

from syncml.dataclass import dataclass
from syncml.verify.attempt import Attempt, index_of
from syncml.verify.search import Search

PATIENCE = 0.1
"""Of the time for all, the part after which a goal that nobody wrote is waited for no longer."""


@dataclass(frozen=True, slots=True)
class Enough:
    """What ends a session of an attempt.

    Attributes:
        attempt: The attempt.
        asked: The clauses that are asked for and open.
        waiting: Those of them that are not waited for long.
        stated: Those of them that the user stated; None if the user stated nothing at all.
        share: Seconds for the session.
        broken: Whether the user wants to know no more, given the clauses that the session refuted.
    """

    attempt: Attempt
    asked: frozenset[int]
    waiting: frozenset[int]
    stated: frozenset[int] | None
    share: float
    broken: Callable[[frozenset[int]], bool]

    def settled(self, session: Search) -> bool:
        """Whether nothing is left to find out."""
        refuted = _refuted(session)
        late = session.left() <= self.share * (1 - PATIENCE)
        return self.broken(refuted) or self._proved(session, self.asked - refuted - (self.waiting if late else set()))

    def satisfied(self, session: Search) -> bool:
        """Whether what is left is nothing that the user stated."""
        return self.stated is not None and self._proved(session, self.stated - _refuted(session))

    def _proved(self, session: Search, clauses: frozenset[int]) -> bool:
        return clauses <= {index_of(g) for g in session.proofs} and clauses <= self.attempt.valid()


def _refuted(session: Search) -> frozenset[int]:
    return frozenset(index_of(g) for g in session.refuted)
