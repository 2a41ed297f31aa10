"""Property-directed reachability with Spacer, whose invariant is checked before it is believed.

The system becomes one relation over its states: it holds initially, and after each instant at which the facts and
assumptions hold. What Spacer returns counts as a proof only if a plain solver finds it to be inductive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncml.verify.engines import Emit
from syncml.verify.model import Model
from syncml.verify.smt import Term, z3
from syncml.verify.solving import Budget, Clockwork, simple_solver

_SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"xform.slice": False, "xform.inline_linear": False, "xform.inline_eager": False},
)
"""Spacer's own simplifications mostly help and sometimes hurt, so both are tried."""


def reachability(model: Model, goals: Sequence[str], budget: Budget, emit: Emit) -> None:
    """Try to prove the conjunction of ``goals`` by an inductive invariant, which the event has as ``reached``."""
    time_ = budget.started()
    held = model.assumption()
    safe = z3.And([model.full[g] for g in goals])
    for number, setting in enumerate(_SETTINGS):
        share = time_.left() / (len(_SETTINGS) - number)
        if share <= 0:
            break
        answer, invariant = _run(model, held, safe, setting, min(share, budget.query), budget.seed)
        if answer == z3.sat:
            emit({"event": "reachable", "goals": list(goals)})
            return
        if answer == z3.unsat and invariant is not None and _certified(model, held, safe, invariant, time_):
            emit({"event": "proved", "goals": list(goals), "method": "property-directed reachability", "k": 1,
                  "using": [], "reached": invariant})  # fmt: skip
            return
    emit({"event": "stuck", "goals": list(goals), "depth": 0, "engine": "spacer"})


def _run(
    model: Model, held: Sequence[Term], safe: Term, setting: Mapping[str, Any], seconds: float, seed: int
) -> tuple[Any, Term | None]:
    context = model.context
    engine = z3.Fixedpoint(ctx=context)
    options = {"engine": "spacer", "timeout": max(1, int(1000 * seconds)), "spacer.random_seed": seed, **setting}
    engine.set(**options)
    names = model.states
    states = [model.constants[n] for n in names]
    relation = z3.Function("reached", *(s.sort() for s in states), z3.BoolSort(context))
    engine.register_relation(relation)
    engine.declare_var(*states, *(model.constants[n] for n in model.inputs))
    engine.rule(relation(*(model.initial.get(n, model.constants[n]) for n in names)))
    engine.rule(relation(*(model.following[n] for n in names)), [relation(*states), *held])
    try:
        answer = engine.query(z3.And(relation(*states), *held, z3.Not(safe)))
        invariant = _invariant(engine, relation, states) if answer == z3.unsat else None
    except z3.Z3Exception:
        return z3.unknown, None
    return answer, invariant


def _invariant(engine: Any, relation: Any, states: Sequence[Term]) -> Term:
    cover = engine.get_cover_delta(-1, relation)
    return z3.substitute_vars(cover, *states)


def _certified(model: Model, held: Sequence[Term], safe: Term, invariant: Term, time_: Clockwork) -> bool:
    """Whether the invariant holds initially, is kept by each instant, and implies the goals."""
    states = [(model.constants[n], n) for n in model.states]
    start = [(c, model.initial[n]) for c, n in states if n in model.initial]
    after = [(c, model.following[n]) for c, n in states]
    initially = z3.substitute(invariant, *start) if start else invariant
    next_ = z3.substitute(invariant, *after) if after else invariant
    queries = ([z3.Not(initially)], [invariant, *held, z3.Not(next_)], [invariant, *held, z3.Not(safe)])
    for query in queries:
        solver = simple_solver(model.context, time_.seed)
        time_.set(solver)
        solver.add(*query)
        if solver.check() != z3.unsat:
            return False
    return True
