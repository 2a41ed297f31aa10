"""Solvers with a budget, and one that starts afresh where going on is slow.

Rule: a query is put to an incremental solver first, which learns from one query to the next and does not preprocess.
Where that takes more than a moment, the same assertions go to a new solver behind preprocessing: equations between
instants are solved, and inputs that occur once are eliminated, which often leaves a tenth of the formula. A solver that
gave up a few times is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from syncml.dataclass import dataclass
from syncml.verify.smt import Term, check, limit, z3

STEPS_PER_SECOND = 2_000_000
"""About how many elementary steps a plain solver makes in linear arithmetic."""

AFRESH = 4_000_000
"""The same with preprocessing."""

MOMENT = 0.03
"""Seconds for an incremental query, where another way is open."""

PATIENCE = 3
"""So often an incremental solver may give up."""

_PREPROCESSING = ("simplify", "propagate-values", "solve-eqs", "elim-uncnstr", "simplify", "smt")


@dataclass(frozen=True, slots=True)
class Budget:
    """What an engine may spend: seconds of processor time in all and for a query, instants; and the seed."""

    seconds: float
    query: float
    depth: int
    seed: int

    def started(self) -> Clockwork:
        """The budget, counted from now."""
        return Clockwork(time.process_time() + self.seconds, self.query, self.seed)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """A deadline, and the time-outs that follow from it."""

    deadline: float
    query: float
    seed: int

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.process_time()

    def set(self, solver: Any, most: float = float("inf"), speed: int = STEPS_PER_SECOND) -> None:
        """Give the next query of ``solver`` its time-out: ``most`` seconds, at ``speed`` steps in each."""
        limit(solver, max(0.001, min(self.query, self.left(), most)), speed)


def simple_solver(context: Any, seed: int) -> Any:
    """An incremental solver without preprocessing."""
    solver = z3.SimpleSolver(ctx=context)
    solver.set("random_seed", seed)
    return solver


class Solver:
    """A stack of assertions, and queries about them, each within the limits of a budget."""

    def __init__(self, context: Any, time_: Clockwork, moment: float = MOMENT) -> None:
        """An empty stack; a query may take ``moment`` seconds before it starts afresh."""
        self._context = context
        self._time = time_
        self._moment = moment
        self._going: Any = simple_solver(context, time_.seed)
        self._asked: Any = self._going
        self._asserted: list[Term] = []
        self._marks: list[int] = []
        self._failures = 0

    @property
    def afresh(self) -> bool:
        """Whether each query starts afresh."""
        return self._going is None

    def add(self, *terms: Term) -> None:
        """Assert terms."""
        self._asserted += terms
        if self._going is not None:
            self._going.add(*terms)

    def push(self) -> None:
        """Remember what is asserted."""
        self._marks.append(len(self._asserted))
        if self._going is not None:
            self._going.push()

    def pop(self) -> None:
        """Forget what was asserted since."""
        del self._asserted[self._marks.pop() :]
        if self._going is not None:
            self._going.pop()

    def check(self, assumptions: Sequence[Term] = ()) -> Any:
        """Whether the assertions and ``assumptions`` can hold together."""
        if self._going is not None:
            self._asked = self._going
            self._time.set(self._going, self._moment)
            answer = check(self._going, assumptions)
            if answer != z3.unknown:
                return answer
            self._failures += 1
            if self._failures >= PATIENCE:
                self._going = None
        self._asked = solver = z3.Then(*_PREPROCESSING, ctx=self._context).solver()
        solver.set("random_seed", self._time.seed)
        self._time.set(solver, speed=AFRESH)
        solver.add(*self._asserted, *assumptions)
        return solver.check()

    def model(self) -> Any:
        """The values that the last query found."""
        return self._asked.model()
