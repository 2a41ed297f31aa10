"""What the workers run on a linear system: each engine on the reduced model, strengthened by what is known.

    quick       bounded model checking and k-induction together, for a moment: most properties need no more
    induction   invariants first, then k-induction with them
    runs        random runs, far into time
    bounds      bounds of sums, for the other engines
    bmc         bounded model checking as deep as time allows
    spacer      property-directed reachability

Goals that are proved and invariants that were found are known in all of them. A proof reports the inductive facts that
it rests on, as text over the states of the system: what reduction used, and the invariants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncml.verify.engines import Emit, bounded, induction
from syncml.verify.invariants import invariants
from syncml.verify.model import Model
from syncml.verify.reduction import Reduction, reduced
from syncml.verify.smt import Term
from syncml.verify.solving import Budget
from syncml.verify.spacer import reachability

SHALLOW = 6
"""How many instants induction looks back before more invariants are sought."""

QUICK_QUERY = 0.1
"""Seconds for a query of the quick attempt."""


def run(model: Model, task: Mapping[str, Any], budget: Budget, emit: Emit) -> None:
    """Run the engine that a task names on its goals."""
    goals, lemmas, known = task["goals"], list(task.get("lemmas", ())), list(task.get("known", ()))
    reduction = reduced(model, goals, [*(model.full[g] for g in lemmas), *model.parsed(known)])
    report = _reporting(reduction, lemmas, known, emit)
    small = reduction.model
    match task["engine"]:
        case "quick":
            induction(small, goals, replace(budget, query=QUICK_QUERY), report)
        case "induction":
            _strengthened(reduction, goals, budget, report)
        case "bounds":
            _with_bounds(reduction, goals, budget, report)
        case "runs":
            # Loaded where it is needed: it brings NumPy.
            from syncml.verify.wander import wander

            wander(small, goals, budget, report, task.get("first", 0))
        case "bmc":
            bounded(small, goals, budget, report, task.get("first", 0))
        case _:
            reachability(small, goals, budget, report)


def _strengthened(reduction: Reduction, goals: Sequence[str], budget: Budget, emit: Emit) -> None:
    """Find invariants, then prove the goals with them; then the same with more candidates."""
    time_ = budget.started()
    known: dict[str, Term] = {}
    open_ = list(goals)
    for many, depth in ((False, SHALLOW), (True, budget.depth)):
        if open_:
            found = invariants(reduction.model, replace(time_, deadline=time_.deadline - time_.left() / 2), many=many)
            known |= {reduction.exported(i): i for i in found}
            open_ = _induction(reduction, open_, known, replace(budget, seconds=time_.left(), depth=depth), emit)


def _with_bounds(reduction: Reduction, goals: Sequence[str], budget: Budget, emit: Emit) -> None:
    """Find bounds of sums, then prove the goals with them."""
    # Loaded where it is needed: it brings NumPy.
    from syncml.verify.octahedra import octahedra

    time_ = budget.started()
    share = replace(time_, deadline=time_.deadline - time_.left() / 4)
    open_, complete = list(goals), True
    for found, done in octahedra(reduction.model, share):
        complete &= done
        if found and open_:
            known = {reduction.exported(i): i for i in found}
            open_ = _induction(reduction, open_, known, replace(budget, seconds=time_.left() / 2, depth=SHALLOW), emit)
    if complete:
        emit({"event": "bounded"})


def _induction(
    reduction: Reduction, goals: Sequence[str], known: Mapping[str, Term], budget: Budget, emit: Emit
) -> list[str]:
    """k-induction with invariants, by their text over the states of the system; the goals that stay open."""
    decided: set[str] = set()

    def with_invariants(event: dict[str, Any]) -> None:
        if event["event"] in ("proved", "violated"):
            decided.update(event["goals"])
        emit({**event, "auxiliary": list(known)} if event["event"] == "proved" else event)

    small = reduction.model
    emit({"event": "invariants", "invariants": list(known)})
    strong = small.derived(small.full, [*small.facts, *known.values()], small.initial, small.following)
    induction(strong, goals, budget, with_invariants)
    return [g for g in goals if g not in decided]


def _reporting(reduction: Reduction, lemmas: Sequence[str], known: Sequence[str], emit: Emit) -> Callable[..., None]:
    """Reports of an engine on the reduced model as reports on the system."""

    def report(event: dict[str, Any]) -> None:
        match event["event"]:
            case "proved":
                own: Term | None = event.pop("reached", None)
                invariant = {} if own is None else {"invariant": reduction.exported(own)}
                rests_on = [*reduction.invariants(), *known, *event.get("auxiliary", ())]
                emit({**event, **invariant, "using": [*lemmas, *event["using"]], "auxiliary": rests_on})
            case _:
                emit(event)

    return report
