"""Invariants of bit vectors: bounds with a sign, equations modulo a power of two, and what explored systems say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.verify import portfolio
from syncml.verify.equalities import Equations
from syncml.verify.invariants import invariants
from syncml.verify.model import Model
from syncml.verify.smt import Term, z3
from syncml.verify.solving import Budget
from syncml.verify.system import Definition, Input, State, System

Update = Callable[[int, int, bool], int]

UPDATES: tuple[tuple[str, Update], ...] = (
    ("a", lambda a, b, up: a),
    ("(bvadd a #b001)", lambda a, b, up: a + 1),
    ("(ite up (bvsub a #b001) a)", lambda a, b, up: a - 1 if up else a),
    ("(ite up (bvadd b #b001) b)", lambda a, b, up: b + 1 if up else b),
    ("(ite (bvslt a #b010) (bvadd a #b001) a)", lambda a, b, up: a + 1 if _signed(a) < 2 else a),
    ("(bvadd a b)", lambda a, b, up: a + b),
    ("(bvneg b)", lambda a, b, up: -b),
    ("(ite (= a b) #b000 (bvor a b))", lambda a, b, up: 0 if a == b else a | b),
)


def _signed(x: int) -> int:
    return x - 8 if x >= 4 else x


@settings(max_examples=40, deadline=None)
@given(
    updates=st.tuples(st.sampled_from(UPDATES), st.sampled_from(UPDATES)),
    start=st.tuples(st.integers(0, 7), st.integers(0, 7)),
)
def test_what_is_found_holds_in_every_state(updates: tuple[tuple[str, Update], ...], start: tuple[int, int]) -> None:
    states = tuple(
        State(n, "BitVec3", f"#b{x:03b}", text) for n, x, (text, _) in zip("ab", start, updates, strict=True)
    )
    claim = Definition("goal!0", "Bool", "(or up (not up) (= a b))")
    system = System((Input("up", "Bool"),), states, (claim,), (), (), ("goal!0",))
    model = Model(system)
    found = invariants(model, Budget(5.0, 1.0, 0, 0).started(), many=True)
    reached, pending = {start}, [start]
    while pending:
        a, b = pending.pop()
        for up in (False, True):
            after = updates[0][1](a, b, up) % 8, updates[1][1](a, b, up) % 8
            if after not in reached:
                reached.add(after)
                pending.append(after)
    for state in reached:
        values = [(model.constants[n], z3.BitVecVal(x, 3, model.context)) for n, x in zip("ab", state, strict=True)]
        assert all(z3.is_true(z3.simplify(z3.substitute(f, *values))) for f in found)


def test_a_sum_that_wraps_is_conserved() -> None:
    """Tokens move between three places; that their sum stays needs an equation modulo 256, and one bound."""
    states = (
        State("a", "BitVec8", None, "(ite up (bvsub a #x01) a)"),
        State("b", "BitVec8", "#x00", "(ite up (bvadd b #x01) b)"),
        State("first", "BitVec8", None, "first"),
        State("c", "BitVec8", "#x00", "(ite (bvsle c #x04) (bvadd c #x01) #x00)"),
        State("flag", "Bool", "true", "false"),
    )
    kept = Definition("kept", "Bool", "(=> flag (= a first))")
    claim = Definition("goal!0", "Bool", "(not (and (= a #x03) (= b #x09) (= first #x0d) (= c #x05)))")
    bound = Definition("goal!1", "Bool", "(bvsle c #x05)")
    system = System((Input("up", "Bool"),), states, (kept, claim, bound), ("kept",), (), ("goal!0", "goal!1"))
    found: list[dict[str, Any]] = []
    task = {"engine": "induction", "goals": list(system.goals)}
    portfolio.run(Model(system), task, Budget(10.0, 2.0, 3, 0), found.append)
    proved = {g: e for e in found if e["event"] == "proved" for g in e["goals"]}
    assert proved.keys() == {"goal!0", "goal!1"}
    assert any("bvadd" in text for text in proved["goal!0"]["auxiliary"])


def test_a_state_at_which_a_sum_wraps_keeps_the_equation() -> None:
    context = z3.Context()
    x, y = (z3.BitVec(n, 8, context) for n in "xy")
    equations = Equations([x, y])
    for values in ((1, 2), (3, 0), (100, -97), (-128, -125)):
        equations.see(values)
    [row] = equations.rows()
    claim: Term = equations.term(row)
    assert z3.is_true(z3.simplify(claim == (x + y == 3))) or _equivalent(claim, x + y == 3)
    equations.see((1, 1))
    assert not [*equations.rows()]


def _equivalent(one: Term, other: Term) -> bool:
    solver = z3.Solver(ctx=one.ctx)
    solver.add(one != other)
    return bool(solver.check() == z3.unsat)
