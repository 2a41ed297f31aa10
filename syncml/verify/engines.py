"""The complete engines: bounded model checking, k-induction and property-directed reachability.

Each is a function of a model, a budget and `emit`, to which it reports events as they happen:

    {"event": "holds", "goals", "depth"}             no violation before instant ``depth``
    {"event": "violated", "goals", "trace"}          false at the last instant of the trace (values of the inputs)
    {"event": "proved", "goals", "method", "k", "using"}     with the further keys of `proof.Proof`, where they apply
    {"event": "vacuous", "depth"}                    the assumptions exclude every run of ``depth`` instants
    {"event": "run", "goals", "trace"}               perhaps a violation: nothing rests on it until it is replayed
    {"event": "roamed", "number"}                    the population with which random runs go on
    {"event": "stuck", "goals", "depth", "engine"}   the solver gave up on these
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeAlias

from syncml.verify.model import Model, Unrolling
from syncml.verify.smt import Term, z3
from syncml.verify.solving import Budget, Clockwork, Solver, simple_solver

QUICK = 1.0
"""Seconds for a query that ought to be easy."""

BEYOND = 4
"""How many instants are looked at beyond the first that needs more time."""

SLOWING = 16
"""Of the instants so far, one in so many is added at once where queries start afresh."""

Emit: TypeAlias = Callable[[dict[str, Any]], None]


class Base:
    """The first instants: which goals hold at each, extended instant by instant.

    ``gaps`` are the goals on which the solver gave up at some instant. They leave ``open``, unless ``skipping``: then
    they are sought at later instants, which may be easier: a violation is often found more quickly than its absence.
    It is known that no goal is violated before the instant ``first``.
    """

    def __init__(
        self, model: Model, goals: Sequence[str], emit: Emit, time_: Clockwork, *,
        skipping: bool = False, first: int = 0,
    ) -> None:  # fmt: skip
        self._model = model
        self._solver = Solver(model.context, time_)
        self._unrolling = Unrolling(model, self._solver, initial=True)
        self.open = list(goals)
        self._emit = emit
        self._time = time_
        self._skipping = skipping
        self.gaps: set[str] = set()
        for k in range(first):
            self._unrolling.extend()
            self._solver.add(*(self._unrolling.goal(g, k) for g in goals))

    @property
    def length(self) -> int:
        """How many instants there are."""
        return self._unrolling.length

    def extend(self) -> bool:
        """Decide the open goals at one more instant; False when no run is that long.

        Where each query starts afresh and there are many instants, it is several more; of one goal only, since what
        a run may leave out after it violated one goal it may not leave out before it violates another.
        """
        k = self.length
        count_ = max(1, k // SLOWING) if self._solver.afresh and len(self.open) == 1 else 1
        instants = range(k, k + count_)
        violated: list[Term] = []
        for _ in instants:
            # A run that violates a goal need not go on.
            j = self._unrolling.extend(unless=violated)
            violated += [z3.Not(self._unrolling.goal(g, j)) for g in self.open]
        if k in (0, 1, 2, 4, 8, 16, 32) and self._solver.check() == z3.unsat:
            self._exhausted(instants[-1])
            return False
        while self.open:
            if self._time.left() <= 0:
                return False
            answer = self._violation(self.open, instants)
            if answer == z3.unknown:
                self._one_by_one(instants)
            if answer != z3.sat:
                break
        self._emit({"event": "holds", "goals": [g for g in self.open if g not in self.gaps], "depth": self.length})
        for goal in self.open:
            self._solver.add(*(self._unrolling.goal(goal, j) for j in instants))
        return True

    def _exhausted(self, k: int) -> None:
        """No run has instant ``k``; if none that could violate a goal, the goals are proved."""
        if not self._model.narrowed:
            self._emit({"event": "vacuous", "depth": k})
        elif proved := [g for g in self.open if g not in self.gaps]:
            self._emit({"event": "proved", "goals": proved, "method": "bounded model checking", "k": k, "using": []})

    def _violation(self, goals: Sequence[str], instants: Sequence[int]) -> Any:
        """Ask for a violation of one of ``goals`` at some of the ``instants``, and record those of the answer."""
        terms = [self._unrolling.goal(g, k) for k in instants for g in goals]
        if all(z3.is_true(t) for t in terms):
            return z3.unsat
        self._solver.push()
        self._solver.add(z3.Or([z3.Not(t) for t in terms]))
        answer = self._solver.check()
        if answer == z3.sat:
            model = self._solver.model()
            trace = self._unrolling.trace(model)
            k, false = next((k, f) for k in instants if (f := self._unrolling.falsified(goals, k, model)))
            self._emit({"event": "violated", "goals": false, "trace": trace[: k + 1]})
            self.open = [g for g in self.open if g not in false]
        self._solver.pop()
        return answer

    def _one_by_one(self, instants: Sequence[int]) -> None:
        """Ask for each goal alone, and give up on those without an answer."""
        alone = len(self.open) == 1
        for goal in list(self.open):
            if goal in self.open and (alone or self._violation([goal], instants) == z3.unknown):
                self.gaps.add(goal)
                if not self._skipping:
                    self._emit({"event": "stuck", "goals": [goal], "depth": instants[0], "engine": "bmc"})
                    self.open.remove(goal)


def bounded(model: Model, goals: Sequence[str], budget: Budget, emit: Emit, first: int = 0) -> None:
    """Bounded model checking: search for violations instant by instant, from the instant ``first`` on.

    Quick queries come first, some way past the first instant that needs more than that; then that instant and those
    after it again with more time for each query.
    """
    time_ = budget.started()
    open_, held = list(goals), first
    for attempt in count():
        base = Base(model, open_, emit, replace(time_, query=QUICK * 4**attempt), skipping=True, first=held)
        end = budget.depth
        while base.length < end:
            if not base.open or time_.left() <= 0 or not base.extend():
                return
            if not base.gaps:
                held = base.length
            elif end == budget.depth:
                end = min(end, base.length + BEYOND * 2**attempt)
        if not base.gaps:
            return
        open_ = base.open


def consistency(model: Model, budget: Budget, emit: Emit) -> None:
    """Emit ``vacuous`` if the assumptions exclude every run of some length up to that of the budget."""
    time_ = budget.started()
    solver = simple_solver(model.context, budget.seed)
    unrolling = Unrolling(model, solver, initial=True)
    for _ in range(budget.depth):
        k = unrolling.extend()
        time_.set(solver)
        answer = solver.check() if time_.left() > 0 else z3.unknown
        if answer == z3.unsat:
            emit({"event": "vacuous", "depth": k})
        if answer != z3.sat:
            return


def induction(model: Model, goals: Sequence[str], budget: Budget, emit: Emit) -> None:
    """k-induction on all goals together: what fails the step is dropped until the rest is inductive.

    A goal that is proved is a lemma at every instant from then on. Where a counterexample to induction repeats a
    state, the repetition is excluded (path compression): a shortest violation visits no state twice.
    """
    time_ = budget.started()
    base = Base(model, goals, emit, time_)
    solver = Solver(model.context, time_)
    step = _Step(model, solver, base.open, emit, time_)
    for k in range(1, budget.depth + 1):
        if time_.left() <= 0 or not base.extend():
            return
        step.keep(base.open)
        if not step.open:
            return
        proved = step.attempt(k)
        if proved:
            emit({"event": "proved", "goals": proved, "method": "k-induction", "k": k,
                  "using": [g for g in step.lemmas if g not in proved], "distinct": step.distinct})  # fmt: skip
            step.learn(proved)
            base.open = [g for g in base.open if g not in proved]


class _Step:
    """The inductive step: ``k`` instants on which the candidates hold, and one on which they are to hold."""

    def __init__(self, model: Model, solver: Solver, goals: Sequence[str], emit: Emit, time_: Clockwork) -> None:
        self._solver = solver
        self._unrolling = Unrolling(model, solver, initial=False)
        self._unrolling.extend()
        self.open = list(goals)
        self.lemmas: list[str] = []
        self.distinct = False
        self._active = {g: z3.Const(f"active!{g}", z3.BoolSort(model.context)) for g in goals}
        self._emit = emit
        self._time = time_

    def keep(self, goals: Sequence[str]) -> None:
        """Forget goals that the base case refuted."""
        self.open = [g for g in self.open if g in goals]

    def learn(self, goals: Sequence[str]) -> None:
        """Use proved goals at every instant."""
        self.lemmas += goals
        self.open = [g for g in self.open if g not in goals]
        for goal in goals:
            for k in range(self._unrolling.length):
                self._solver.add(self._unrolling.goal(goal, k))

    def attempt(self, k: int) -> list[str]:
        """The goals that are inductive together with ``k`` instants of hypothesis."""
        for goal in self.open:
            self._solver.add(z3.Implies(self._active[goal], self._unrolling.goal(goal, k - 1)))
        self._unrolling.extend()
        for lemma in self.lemmas:
            self._solver.add(self._unrolling.goal(lemma, k))
        candidates = list(self.open)
        while candidates and self._time.left() > 0:
            answer, false = self._failure(candidates, candidates, k)
            if answer == z3.unsat:
                return candidates
            if answer == z3.unknown:
                false = self._unprovable(candidates, k)
                if not false:
                    return candidates
            candidates = [g for g in candidates if g not in false]
        return []

    def _failure(self, goals: Sequence[str], hypotheses: Sequence[str], k: int) -> tuple[Any, list[str]]:
        self._solver.push()
        self._solver.add(z3.Or([z3.Not(self._unrolling.goal(g, k)) for g in goals]))
        false: list[str] = []
        repeated: list[Term] = []
        while True:
            answer = self._solver.check([self._active[h] for h in hypotheses])
            if answer != z3.sat:
                break
            model = self._solver.model()
            excluded = self._repetition(model, k)
            if excluded is None:
                false = self._unrolling.falsified(goals, k, model)
                break
            self._solver.add(excluded)
            repeated.append(excluded)
        self._solver.pop()
        for term in repeated:
            self._solver.add(term)
        self.distinct = self.distinct or bool(repeated)
        return answer, false

    def _repetition(self, model: Any, k: int) -> Term | None:
        """The formula that two instants have different states, for the first two that have the same."""
        seen: dict[tuple[str, ...], int] = {}
        for j in range(k + 1):
            state = self._unrolling.states[j]
            values = tuple(model.eval(t, model_completion=True).sexpr() for t in state.values())
            if values in seen and values:
                earlier = self._unrolling.states[seen[values]]
                return z3.Or([earlier[n] != t for n, t in state.items()])
            seen[values] = j
        return None

    def _unprovable(self, candidates: Sequence[str], k: int) -> list[str]:
        """Goals that fail, or on which the solver gives up, each asked alone."""
        dropped: list[str] = []
        for i, goal in enumerate(candidates):
            # Earlier goals hold at this instant too: the first violation of any has no earlier one beside it.
            self._solver.push()
            for earlier in candidates[:i]:
                self._solver.add(self._unrolling.goal(earlier, k))
            answer, _ = self._failure([goal], candidates, k)
            self._solver.pop()
            if answer != z3.unsat:
                dropped.append(goal)
                if answer == z3.unknown:
                    self._emit({"event": "stuck", "goals": [goal], "depth": k, "engine": "k-induction"})
        return dropped
