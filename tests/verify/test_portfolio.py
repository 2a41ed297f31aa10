"""Every engine against all that small systems can do; what reduction and invariants may and may not do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from syncml.verify import engines, portfolio, solving
from syncml.verify.invariants import invariants
from syncml.verify.model import Model
from syncml.verify.reduction import reduced
from syncml.verify.smt import z3
from syncml.verify.solving import Budget
from syncml.verify.system import Definition, Input, State, System
from tests.verify.random_systems import Small, systems

Events = list[dict[str, Any]]


def run(system: System, engine: str, **more: Any) -> Events:
    found: Events = []
    task = {"engine": engine, "goals": list(system.goals), **more}
    portfolio.run(Model(system), task, Budget(10.0, 2.0, 14, 0), found.append)
    return found


def proofs(found: Events) -> dict[str, dict[str, Any]]:
    return {g: e for e in found if e["event"] == "proved" for g in e["goals"]}


def certified(system: System, proof: dict[str, Any], goal: str) -> bool:
    """Whether the proof can be checked from the system alone: its facts are inductive, and the goal is with them."""
    model = Model(system)
    texts = [*proof["auxiliary"], *([proof["invariant"]] if "invariant" in proof else [])]
    facts, states = model.parsed(texts), [model.constants[n] for n in model.states]
    after = [(c, model.following[n]) for c, n in zip(states, model.states, strict=True)]
    held = model.assumption()

    def valid(claim: Any, *known: Any) -> bool:
        solver = z3.Solver(ctx=model.context)
        solver.add(*known, z3.Not(claim))
        return bool(solver.check() == z3.unsat)

    start = [model.constants[n] == t for n, t in model.initial.items()]
    if not all(valid(f, *start) for f in facts):
        return False
    if not all(valid(z3.substitute(f, *after), *facts, *held) for f in facts):
        return False
    if "invariant" in proof:
        return valid(model.full[goal], *facts, *held)
    return _inductive(model, proof, facts)


def _inductive(model: Model, proof: dict[str, Any], facts: list[Any]) -> bool:
    """k instants at which the goals and facts hold, and one at which the goals do."""
    goals, last = [*proof["goals"], *proof["using"]], proof["k"]
    solver = z3.Solver(ctx=model.context)

    def at(term: Any, k: int) -> Any:
        return z3.substitute(term, *((c, model.at(n, k)) for n, c in model.constants.items()))

    for k in range(last + 1):
        solver.add(*(at(t, k) for t in (*facts, *model.assumption())))
        for j in range(k if proof["distinct"] else 0):
            solver.add(z3.Or([model.at(n, j) != model.at(n, k) for n in model.states]))
        if k < last:
            solver.add(*(at(model.full[g], k) for g in goals))
            solver.add(*(model.at(n, k + 1) == at(t, k) for n, t in model.following.items()))
    solver.add(z3.Not(z3.And([at(model.full[g], last) for g in proof["goals"]])))
    return bool(solver.check() == z3.unsat)


@pytest.mark.parametrize("engine", ["quick", "induction", "bounds", "bmc", "spacer"])
@settings(max_examples=15, deadline=None)
@given(small=systems())
def test_engines_agree_with_all_that_happens(engine: str, small: Small) -> None:
    expected = small.violated()
    found = run(small.system, engine)
    if any(e["event"] == "vacuous" for e in found):
        return
    assert not proofs(found).keys() & expected.keys()
    for event in found:
        if event["event"] == "violated":
            for goal in event["goals"]:
                assert expected[goal] <= len(event["trace"])
        if event["event"] == "holds":
            assert all(expected.get(g, 99) > event["depth"] for g in event["goals"])
        if event["event"] == "reachable":
            assert set(event["goals"]) & expected.keys()


def afresh(system: System, engine: str) -> Events:
    with pytest.MonkeyPatch.context() as patch:
        # An incremental solver never knows.
        patch.setattr(solving, "check", lambda *_: z3.unknown)
        patch.setattr(engines, "SLOWING", 1)
        return run(system, engine)


def test_a_run_that_violates_a_goal_need_not_go_on() -> None:
    """Nothing can happen after the violation, and both instants are asked about in one query."""
    states = (State("n", "Int", "0", "(ite (< n 9) (+ n 1) n)"),)
    definitions = (Definition("early", "Bool", "(<= n 6)"), Definition("goal!0", "Bool", "(not (= n 6))"))
    system = System((), states, definitions, (), ("early",), ("goal!0",))
    assert [len(e["trace"]) for e in afresh(system, "bmc") if e["event"] == "violated"] == [7]


def test_what_comes_after_the_violation_of_one_goal_violates_no_other() -> None:
    """The run that violates the first goal ends there, so the second one is never violated."""
    states = (State("n", "Int", "0", "(ite (< n 9) (+ n 1) n)"),)
    definitions = (
        Definition("early", "Bool", "(<= n 6)"),
        Definition("goal!0", "Bool", "(not (= n 6))"),
        Definition("goal!1", "Bool", "(not (= n 7))"),
    )
    system = System((), states, definitions, (), ("early",), ("goal!0", "goal!1"))
    assert [e["goals"] for e in afresh(system, "bmc") if e["event"] == "violated"] == [["goal!0"]]


@pytest.mark.parametrize("engine", ["quick", "bmc"])
@settings(max_examples=15, deadline=None)
@given(small=systems())
def test_engines_that_start_afresh_find_the_same(engine: str, small: Small) -> None:
    """Every query goes through preprocessing, and several instants are asked about at once."""
    expected = small.violated()
    found = afresh(small.system, engine)
    if any(e["event"] == "vacuous" for e in found):
        return
    refuted = {g: len(e["trace"]) for e in found if e["event"] == "violated" for g in e["goals"]}
    assert not proofs(found).keys() & expected.keys()
    assert all(expected[g] <= length for g, length in refuted.items())
    if engine == "bmc":
        assert refuted.keys() | proofs(found).keys() >= {g for g, k in expected.items() if k <= 14}
        assert all(expected.get(g, 99) > e["depth"] for e in found if e["event"] == "holds" for g in e["goals"])


@pytest.mark.parametrize("engine", ["quick", "induction", "spacer"])
@settings(max_examples=15, deadline=None)
@given(small=systems())
def test_proofs_can_be_checked_from_the_system_alone(engine: str, small: Small) -> None:
    for goal, proof in proofs(run(small.system, engine)).items():
        if proof["method"] != "bounded model checking":
            assert certified(small.system, proof, goal)


@settings(max_examples=15, deadline=None)
@given(small=systems())
def test_invariants_hold_initially_and_are_kept(small: Small) -> None:
    """Whatever random runs suggested: what is not inductive is dropped."""
    model = reduced(Model(small.system), small.system.goals).model
    found = invariants(model, Budget(10.0, 2.0, 0, 0).started())
    after = [(model.constants[n], t) for n, t in model.following.items()]
    start = [model.constants[n] == t for n, t in model.initial.items()]
    for known, claims in (
        ([*start, *model.assumption()], found),
        ([*found, *model.assumption()], [z3.substitute(f, *after) if after else f for f in found]),
    ):
        solver = z3.Solver(ctx=model.context)
        solver.add(*known, z3.Not(z3.And([*claims, z3.BoolVal(True, model.context)])))
        assert solver.check() == z3.unsat


def flow(*, so_far: bool) -> System:
    """x and y move together while an environment behaves; each is read through a register of its own."""
    states = (
        State("first", "Bool", "true", "false"),
        *(State(f"x{i}", "Int", None, "x") for i in range(3)),
        State("y0", "Int", None, "y"),
        State("good0", "Bool", None, "good"),
    )
    definitions = (
        Definition("x", "Int", "(ite first 0 (ite up (+ x0 1) (ite (< x1 0) (- x2) x1)))"),
        Definition("y", "Int", "(ite first 0 (ite up (+ y0 step) y0))"),
        Definition("good", "Bool", "(and (= step 2) (or first good0))"),
        Definition("goal!0", "Bool", "(=> good (= y (* 2 x)))" if so_far else "(= y (* 2 x))"),
    )
    return System((Input("up", "Bool"), Input("step", "Int")), states, definitions, (), (), ("goal!0",))


def test_copies_of_a_register_are_one_and_what_was_so_far_is_assumed() -> None:
    system = flow(so_far=True)
    small = reduced(Model(system), system.goals).model
    assert small.states == ("first", "x0", "y0")
    assert small.narrowed
    [proof] = proofs(run(system, "induction")).values()
    assert certified(system, proof, "goal!0")


def test_an_environment_that_misbehaves_is_not_assumed_away() -> None:
    found = run(flow(so_far=False), "bmc")
    assert [len(e["trace"]) for e in found if e["event"] == "violated"] == [2]


def test_a_difference_that_the_model_computes_is_bounded_under_a_mode() -> None:
    """A controller keeps two counters close: a brake that it sets and releases bounds their difference."""
    states = (
        State("a", "Int", "0", "(ite (and go (not brake)) (+ a 1) a)"),
        State("b", "Int", "0", "(ite on (+ b 1) b)"),
        State("brake", "Bool", "false", "(ite brake (> (- a b) 0) (>= (- a b) 9))"),
    )
    goal = (Definition("goal!0", "Bool", "(<= (- a b) 11)"),)
    system = System((Input("go", "Bool"), Input("on", "Bool")), states, goal, (), (), ("goal!0",))
    [proof] = proofs(run(system, "induction")).values()
    assert certified(system, proof, "goal!0")


def test_a_sum_of_many_is_bounded_under_a_comparison() -> None:
    """Tokens move between four places or get lost; as long as there were any, no more come out than went in."""
    states = (
        State("total", "Int", None, "total"),
        State("waiting", "Int", None, "(ite (and take (>= waiting 1)) (- waiting 1) waiting)"),
        State("held", "Int", "0", "(+ held (ite (and take (>= waiting 1)) 1 0) (ite (and drop (>= held 1)) (- 1) 0))"),
        State("out", "Int", "0", "(+ out (ite (and drop sell (>= held 1)) 1 0))"),
        State("lost", "Int", "0", "(+ lost (ite (and drop (not sell) (>= held 1)) 1 0))"),
        State("equal", "Bool", "true", "(and equal (= waiting total))"),
        State("first", "Bool", "true", "false"),
    )
    definitions = (
        Definition("assumption!0", "Bool", "(=> first (and (= waiting total) (> total 0)))"),
        Definition("goal!0", "Bool", "(=> (> total 0) (<= (+ out lost) total))"),
    )
    inputs = tuple(Input(n, "Bool") for n in ("take", "drop", "sell"))
    system = System(inputs, states, definitions, (), ("assumption!0",), ("goal!0",))
    [proof] = proofs(run(system, "induction")).values()
    assert certified(system, proof, "goal!0")


def test_bounds_of_sums_prove_what_no_bound_alone_is_kept_for() -> None:
    """A rotation by an eighth with an input: neither coordinate keeps a bound without those of sum and difference."""
    quarter = System(
        (Input("u", "Real"),),
        (
            State("x", "Real", "0.0", "(+ (* 0.5 (- x y)) u)"),
            State("y", "Real", "0.0", "(* 0.5 (+ x y))"),
        ),
        (Definition("goal!0", "Bool", "(<= y 3.5)"), Definition("goal!1", "Bool", "(<= y 1.0)")),
        ("(and (<= (- 1.0) u) (<= u 1.0))",),
        (),
        ("goal!0", "goal!1"),
    )
    proof = proofs(run(quarter, "bounds"))
    assert set(proof) == {"goal!0"}
    assert certified(quarter, proof["goal!0"], "goal!0")
