"""Invariants: the strongest set of candidates that is inductive, by weakening until nothing violates it (Houdini).

The candidates start from the states of short runs. Then, as long as some state at which all candidates hold has a
successor at which one does not, that successor is seen, which weakens the candidates. What is left holds initially and
is kept by every instant at which facts and assumptions hold: the last answer of the solver says so for all together.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from syncml.verify.candidates import Candidates, Sample
from syncml.verify.model import Model, Unrolling, substitute_all
from syncml.verify.smt import Term, any_of, is_value, number_of, z3
from syncml.verify.solving import Clockwork, Solver, simple_solver

RUNS = 3
"""How many instants of runs are seen before induction."""

EASY = 0.3
"""Seconds for a query before it starts afresh."""

BATCH = 64
"""How many candidates are asked for at once where all are too many for the solver."""


def invariants(model: Model, time_: Clockwork, *, many: bool = False) -> list[Term]:
    """Inductive formulas over the states of ``model``, of ``many`` candidates; none if time is up before they are."""
    search = _Search(model, time_, many)
    if not search.runs() or not search.induction():
        return []
    return search.result()


class _Search:
    def __init__(self, model: Model, time_: Clockwork, many: bool) -> None:
        self._model = model
        self._time = time_
        self._candidates = Candidates(model, many=many)
        self._dropped: set[Hashable] = set()

    def runs(self) -> bool:
        """See the states of random runs and of the first instants of all runs; False if time is up."""
        candidates = self._candidates
        count = len(candidates.literals)
        # What rounds would drop what holds.
        if not any(map(z3.is_real, candidates.numbers)):
            # Loaded where it is needed: it brings NumPy.
            from syncml.verify.wander import visited

            wanted = [*candidates.literals, *candidates.numbers]
            values = visited(self._model, wanted, self._time.seed)
            if values is not None:
                candidates.see_all(values[:count].astype(bool), values[count:])
        solver = Solver(self._model.context, self._time, EASY)
        unrolling = Unrolling(self._model, solver, initial=True)
        for k in range(RUNS):
            unrolling.extend()
            there = _Place(self._candidates, self._model, unrolling.states[k])
            if k == 0:
                if solver.check() != z3.sat:
                    return False
                self._candidates.see(there.sample(solver.model()))
            if not all(map(is_value, unrolling.states[k].values())) and not self._saturated(solver, there):
                return False
        return True

    def induction(self) -> bool:
        """Weaken the candidates until they are inductive; False if time is up."""
        solver = Solver(self._model.context, self._time, EASY)
        unrolling = Unrolling(self._model, solver, initial=False)
        unrolling.extend()
        before = _Place(self._candidates, self._model, unrolling.states[0])
        after = _Place(self._candidates, self._model, unrolling.following)
        return self._saturated(solver, after, before)

    def result(self) -> list[Term]:
        """What is left, without what follows from the rest at the same instant; short formulas are kept first."""
        kept: list[Term] = []
        solver = simple_solver(self._model.context, self._time.seed)
        for term in sorted(self._alive().values(), key=_size):
            self._time.set(solver)
            if solver.check(z3.Not(term)) != z3.unsat:
                kept.append(term)
                solver.add(term)
        return kept

    def _alive(self) -> dict[Hashable, Term]:
        return {k: t for k, t in self._candidates.terms().items() if k not in self._dropped}

    def _saturated(self, solver: Solver, there: _Place, before: _Place | None = None) -> bool:
        """See violations at a place, with what is left assumed ``before``, until there is none; False if time is up."""
        while self._time.left() > 0:
            alive = self._alive()
            if not alive:
                return True
            assumed = before.switches(solver, alive) if before else []
            answer = self._ask(solver, there, alive, list(alive), assumed)
            if answer == z3.unsat or (answer == z3.unknown and self._in_batches(solver, there, alive, assumed)):
                return True
        return False

    def _ask(
        self, solver: Solver, there: _Place, alive: Mapping[Hashable, Term], keys: Sequence[Hashable],
        assumed: Sequence[Term],
    ) -> Any:  # fmt: skip
        """Ask for a violation of one of ``keys``, and see it."""
        solver.push()
        solver.add(any_of(there.violations({k: alive[k] for k in keys})))
        answer = solver.check(assumed)
        if answer == z3.sat:
            self._candidates.see(there.sample(solver.model()))
        solver.pop()
        return answer

    def _in_batches(
        self, solver: Solver, there: _Place, alive: Mapping[Hashable, Term], assumed: Sequence[Term]
    ) -> bool:
        """Ask for violations of a few candidates at a time; True if there is none.

        Those on which the solver gives up are dropped; as they were assumed, all must be asked for again.
        """
        pending = [list(alive)[i : i + BATCH] for i in range(0, len(alive), BATCH)]
        complete = True
        while pending and self._time.left() > 0:
            part = pending.pop()
            answer = self._ask(solver, there, alive, part, assumed)
            if answer == z3.sat:
                return False
            if answer == z3.unknown and len(part) > 1:
                pending += [part[: len(part) // 2], part[len(part) // 2 :]]
            elif answer == z3.unknown:
                self._dropped.update(part)
                complete = False
        return complete and not pending


def _size(term: Term) -> int:
    """About how many symbols a formula has; an equality of numbers counts as one."""
    if z3.is_eq(term):
        return 1
    return 1 + sum(map(_size, term.children()))


class _Place:
    """Where candidates are asked about: the states at one instant."""

    def __init__(self, candidates: Candidates, model: Model, states: Mapping[str, Term]) -> None:
        self._pairs = [(model.constants[n], t) for n, t in states.items()]
        self._literals = substitute_all(candidates.literals, self._pairs)
        self._numbers = substitute_all(candidates.numbers, self._pairs)
        self._switches: dict[Hashable, Term] = {}
        self._violations: dict[Hashable, Term] = {}

    def sample(self, answer: Any) -> Sample:
        """The state in a solver's model."""
        return Sample(
            tuple(z3.is_true(answer.eval(t, model_completion=True)) for t in self._literals),
            tuple(number_of(answer.eval(t, model_completion=True)) for t in self._numbers),
        )

    def _fresh(self, known: Mapping[Hashable, Term], wanted: Mapping[Hashable, Term]) -> list[tuple[Hashable, Term]]:
        """The candidates that are not yet known here, as terms of this instant."""
        fresh = [k for k in wanted if k not in known]
        return list(zip(fresh, substitute_all([wanted[k] for k in fresh], self._pairs), strict=True))

    def violations(self, wanted: Mapping[Hashable, Term]) -> list[Term]:
        """The negations of candidates here."""
        for key, term in self._fresh(self._violations, wanted):
            self._violations[key] = z3.Not(term)
        return [self._violations[k] for k in wanted]

    def switches(self, solver: Solver, alive: Mapping[Hashable, Term]) -> list[Term]:
        """A switch for each candidate; the new ones are asserted under theirs."""
        for key, term in self._fresh(self._switches, alive):
            switch = z3.Const(f"switch!{len(self._switches)}", z3.BoolSort(term.ctx))
            self._switches[key] = switch
            solver.add(z3.Implies(switch, term))
        return [self._switches[k] for k in alive]
