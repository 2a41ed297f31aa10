"""Demand-driven proofs: start from the negated goal alone, and add only what its models violate.

Rule: a query is a set of constraints (definitions at each instant, facts, assumptions, lemmas) and a goal. A subset
that refutes the negated goal proves it, and a model that violates no constraint is a counterexample; so constraints
are added, nearest and linear ones first, until one or the other is found. Nonlinear arithmetic over thousands of
definitions comes down to the few dozen that matter, which is what the solver can decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from syncml.verify.constraints import Constraint, Universe, constants_read, constraints_of
from syncml.verify.engines import Emit
from syncml.verify.model import Model, input_trace
from syncml.verify.products import Relaxation
from syncml.verify.query import Part, Query
from syncml.verify.refine import Refuted, refuted
from syncml.verify.smt import Term, limit, z3
from syncml.verify.solving import Budget

VALID, INVALID, STUCK = "valid", "invalid", "stuck"
"""The answers."""

SCHEDULE: tuple[tuple[str, float], ...] = (
    ("simple", 0.1), ("nlsat", 0.3), ("smt", 0.5), ("default", 0.5), ("nlsat", 2.0), ("smt", 3.0), ("simple", 3.0),
)  # fmt: skip
"""Solvers and seconds, tried in turn on each set of constraints until one answers."""

EVERYTHING: tuple[tuple[str, float], ...] = (("nlsat", 0.5), ("default", 0.5), ("smt", 0.5))
"""The same for all constraints at once."""

QUICK: tuple[tuple[str, float], ...] = (("simple", 0.1),)
"""The same for what needs a few definitions only; it comes first, for it never looks at a network behind a limiter."""

QUICK_SECONDS = 0.5

LOCAL_SECONDS = 0.8
"""The limit of a proof at one instant; where there is none, the other parts are asked for."""

LOCAL_ROUNDED = 0.4
"""The same where floats are rounded."""

STEPS_PER_SECOND = {"simple": 400_000, "nlsat": 3_000_000, "smt": 1_500_000, "default": 1_000_000}
"""About how many elementary steps each solver makes: limits in steps give the same answers on a busy machine."""

NEAR_SECONDS = 3.0
"""How long constraints are added in large portions before it is tried in small ones."""

LINEAR_SECONDS = 3.0
"""The limit of the first attempt, which leaves out all products."""


def decide_all(model: Model, groups: Sequence[Sequence[Query]], budget: Budget, emit: Emit) -> None:
    """Answer the queries of each group in turn, each within the budget, until one makes the rest of it needless."""
    for group in groups:
        for query in group:
            local = LOCAL_ROUNDED if model.system.nearest else LOCAL_SECONDS
            seconds = min(local, budget.seconds) if query.part is Part.LOCAL else budget.seconds
            event = decide(model, query, replace(budget, seconds=seconds))
            emit(event)
            # What is true at one instant needs no more, and what is not shown of the first one is given up.
            if query.part is (Part.LOCAL if event["event"] == VALID else Part.BASE):
                break


def decide(model: Model, query: Query, budget: Budget) -> dict[str, Any]:
    """Answer one query: an event ``valid`` with the goals used, ``invalid`` with a trace (if initial), or ``stuck``."""
    started = time.process_time()
    answer = _answer(model, query, budget) or {"event": STUCK}
    spent = time.process_time() - started
    return {"goal": query.goal, "part": query.part.value, "depth": query.length, "seconds": spent, **answer}


def consistency(model: Model, budget: Budget, emit: Emit) -> None:
    """Emit ``vacuous`` if the assumptions exclude every run of one, two or three instants."""
    deadline = time.process_time() + budget.seconds
    for length in (1, 2, 3) if model.system.assumptions else ():
        universe = Universe.of(model, length, initial=True)
        active = [universe.clauses[a, k] for a in model.system.assumptions for k in range(length)]
        definitions = {c.defines: c for c in universe.others if c.defines}
        known = {name for c in active for name in c.reads}
        pending = list(known)
        while pending:
            # Only what the assumptions read: a network that they do not mention takes no part.
            definition = definitions.pop(pending.pop(), None)
            if definition is not None:
                active.append(definition)
                pending += definition.reads - known
                known |= definition.reads
        active += [c for c in universe.others if not c.defines and c.reads <= known]
        if _solve([c.term for c in active], SCHEDULE, deadline, budget.seed)[0] == "unsat":
            emit({"event": "vacuous", "depth": length - 1})
            return


def _answer(model: Model, query: Query, budget: Budget) -> dict[str, Any] | None:
    constraints, negated = constraints_of(model, query)
    deadline = time.process_time() + budget.seconds
    if model.system.nearest and query.part is not Part.SEARCH:
        return _refined(model, query, constraints, negated, deadline, budget.seed)
    stages = (_quick, _relaxed, _everything)
    # A search expects a violation, which takes all constraints; a proof expects to need a few.
    for stage in reversed(stages) if query.part is Part.SEARCH else stages:
        event = stage(model, query, constraints, negated, deadline, budget.seed)
        if event is not None:
            return event
    for tiers, until in ((_near, time.process_time() + NEAR_SECONDS), (_linear_first, deadline)):
        event = _search(model, query, constraints, negated, tiers, SCHEDULE, min(until, deadline), budget.seed)
        if event is not None:
            return event
    return None


def _quick(
    model: Model, query: Query, constraints: Sequence[Constraint], negated: Term, deadline: float, seed: int
) -> dict[str, Any] | None:
    """Look at the nearest definitions only, for a moment."""
    until = min(deadline, time.process_time() + QUICK_SECONDS)
    return _search(model, query, constraints, negated, _near, QUICK, until, seed)


def _refined(
    model: Model, query: Query, constraints: Sequence[Constraint], negated: Term, deadline: float, seed: int
) -> dict[str, Any] | None:
    """Where floats are rounded: the linear relaxation with lemmas, then everything for what takes real products.

    Only the first knows that roundings are monotone, so a model of the others refutes nothing.
    """
    found = refuted(model, query, deadline - (deadline - time.process_time()) / 4, seed)
    if isinstance(found, Refuted):
        return {"event": VALID, "using": _goals(found.used), "roundings": found.roundings}
    if found is not None:
        return _invalid(model, query, found)
    event = _everything(model, query, constraints, negated, deadline, seed)
    return event if event is not None and event["event"] == VALID else None


def _everything(
    model: Model, query: Query, constraints: Sequence[Constraint], negated: Term, deadline: float, seed: int
) -> dict[str, Any] | None:
    """Give each solver all constraints for a moment."""
    answer, found = _solve([negated, *(c.term for c in constraints)], EVERYTHING, deadline, seed)
    if answer == "unsat":
        return {"event": VALID, "using": _used(constraints)}
    return _invalid(model, query, found) if answer == "sat" else None


def _search(
    model: Model,
    query: Query,
    constraints: Sequence[Constraint],
    negated: Term,
    tiers: _Tiers,
    schedule: Sequence[tuple[str, float]],
    deadline: float,
    seed: int,
) -> dict[str, Any] | None:
    """Add what the models of the negated goal violate until there is an answer; None if there is not.

    A model of the active constraints extends to all of them once it violates no clause and no definition of a known
    constant: the other definitions only name what nothing active reads.
    """
    active: dict[str, Constraint] = {}
    known = set(constants_read(negated))
    while time.process_time() < deadline:
        terms = [negated, *(c.term for c in active.values())]
        answer, found = _solve(terms, schedule, deadline, seed)
        if answer == "unsat":
            return {"event": VALID, "using": _used(active.values())}
        added = _wanted([c for c in constraints if c.name not in active], known, found, tiers)
        if not added and answer == "sat":
            return _invalid(model, query, found)
        if not added or (answer == "unknown" and schedule is QUICK):
            return None
        for c in added:
            active[c.name] = c
            known |= c.reads
    return None


def _invalid(model: Model, query: Query, found: Any) -> dict[str, Any]:
    return {"event": INVALID, "trace": input_trace(model, found, query.length) if query.initial else None}


def _relaxed(
    _model: Model, _query: Query, constraints: Sequence[Constraint], negated: Term, deadline: float, seed: int
) -> dict[str, Any] | None:
    """Refute the negated goal without regard to what products mean.

    Much of a nonlinear induction is carrying facts about products from one instant to the next.
    """
    solver = z3.SimpleSolver(ctx=negated.ctx)
    solver.set("random_seed", seed)
    seconds = min(LINEAR_SECONDS, (deadline - time.process_time()) / 2)
    limit(solver, max(0.01, seconds), STEPS_PER_SECOND["simple"])
    relaxation = Relaxation()
    solver.add(relaxation.relaxed(negated))
    switches: list[Term] = []
    for c in constraints:
        term = c.term if c.linear else relaxation.relaxed(c.term)
        if c.name.startswith("goal!"):
            # A goal is switched on, so that the core tells which were used.
            switches.append(z3.Bool(f"use {c.name}", negated.ctx))
            term = z3.Implies(switches[-1], term)
        solver.add(term)
    solver.add(*relaxation.facts)
    if solver.check(*switches) != z3.unsat:
        return None
    core = {s.decl().name().removeprefix("use ") for s in solver.unsat_core()}
    return {"event": VALID, "using": _used(c for c in constraints if c.name in core)}


def _used(constraints: Iterable[Constraint]) -> list[str]:
    return _goals(c.name for c in constraints if c.name.startswith("goal!") and not c.defines)


def _goals(names: Iterable[str]) -> list[str]:
    return sorted({name.rsplit("@", 1)[0] for name in names})


def _wanted(rest: Sequence[Constraint], known: set[str], found: Any, tiers: _Tiers) -> list[Constraint]:
    """What to add: of the constraints that the model violates (all, without a model), the first group with any."""
    violated = rest
    if found is not None:
        violated = [c for c in rest if not z3.is_true(found.eval(c.term, model_completion=False))]
    definitions = [c for c in violated if c.defines in known]
    clauses = [c for c in violated if not c.defines]
    for source, condition in tiers(clauses, definitions, known):
        if group := [c for c in source if condition(c)]:
            return group
    return []


_Tiers: TypeAlias = Callable[
    [Sequence[Constraint], Sequence[Constraint], set[str]],
    Sequence[tuple[Sequence[Constraint], Callable[[Constraint], bool]]],
]


def _near(
    clauses: Sequence[Constraint], definitions: Sequence[Constraint], known: set[str]
) -> Sequence[tuple[Sequence[Constraint], Callable[[Constraint], bool]]]:
    """What speaks of known constants only; then their definitions; then clauses that touch them; then all clauses."""
    return (
        ([*clauses, *definitions], lambda c: c.reads <= known),
        (definitions, lambda _: True),
        (clauses, lambda c: bool(c.reads & known)),
        (clauses, lambda _: True),
    )


def _linear_first(
    clauses: Sequence[Constraint], definitions: Sequence[Constraint], known: set[str]
) -> Sequence[tuple[Sequence[Constraint], Callable[[Constraint], bool]]]:
    """The same in smaller portions, and products last."""
    return (
        (clauses, lambda c: c.reads <= known),
        (definitions, lambda c: c.linear and c.reads <= known),
        (definitions, lambda c: c.reads <= known),
        (clauses, lambda c: c.linear and bool(c.reads & known) and len(c.reads - known) <= 1),
        (definitions, lambda c: c.linear),
        (definitions, lambda _: True),
        (clauses, lambda c: bool(c.reads & known)),
        (clauses, lambda _: True),
    )


def _solve(terms: Sequence[Term], schedule: Sequence[tuple[str, float]], deadline: float, seed: int) -> tuple[str, Any]:
    """``sat`` with a model, ``unsat``, or ``unknown``, by the first solver of the schedule that answers."""
    context = terms[0].ctx
    for name, seconds in schedule:
        left = deadline - time.process_time()
        if left <= 0:
            break
        solver = _solver(name, context)
        limit(solver, min(seconds, left), STEPS_PER_SECOND[name])
        if name == "simple":
            solver.set("random_seed", seed)
        solver.add(*terms)
        try:
            answer = str(solver.check())
        except z3.Z3Exception:
            # A tactic that does not apply, such as real arithmetic on integers.
            continue
        if answer != "unknown":
            return answer, solver.model() if answer == "sat" else None
    return "unknown", None


def _solver(name: str, context: Any) -> Any:
    def tactic(kind: str) -> Any:
        return z3.Tactic(kind, ctx=context)

    match name:
        case "simple":
            return z3.SimpleSolver(ctx=context)
        case "nlsat":
            first = z3.With(tactic("simplify"), elim_and=True)
            others = ("propagate-values", "solve-eqs", "purify-arith", "elim-term-ite", "solve-eqs", "simplify",
                      "tseitin-cnf", "qfnra-nlsat")  # fmt: skip
            return z3.Then(first, *map(tactic, others), ctx=context).solver()
        case "smt":
            steps = ("simplify", "propagate-values", "solve-eqs", "simplify", "smt")
            return z3.Then(*map(tactic, steps), ctx=context).solver()
        case _:
            return z3.Solver(ctx=context)
