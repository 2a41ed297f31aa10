"""Demand-driven proofs, the relaxation of products, and violations with a margin."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from syncml.ir.types import F32
from syncml.verify.localise import consistency, decide, decide_all
from syncml.verify.margin import with_margin
from syncml.verify.model import Model
from syncml.verify.products import Relaxation
from syncml.verify.query import Part, Query
from syncml.verify.smt import z3
from syncml.verify.solving import Budget
from syncml.verify.translate import translate
from tests.verify.build import Builder, Op


def falling() -> Builder:
    """A body that brakes so that v * v <= 2 * b * gap stays true; and a claim that it breaks."""
    b = Builder()
    v, gap = b.state("v", F32, 4.0), b.state("gap", F32, 1.0)
    push = b.input("push", F32)
    b.assume("push", b.op(Op.AND, b.op(Op.GE, push, 0.0), b.op(Op.LE, push, 1.0)))
    slower = b.op(Op.MUL, v, push, name="slower")
    b.next(v, slower)
    b.next(gap, b.op(Op.MAX, gap, 0.5))
    square = b.op(Op.MUL, v, v, name="square")
    b.claim("energy", b.op(Op.LE, square, 16.0))
    b.claim("sign", b.op(Op.GE, v, 0.0))
    b.claim("limit", b.op(Op.LE, v, 4.0))
    b.claim("slow", b.op(Op.LE, v, 3.0))
    b.claim("high", b.op(Op.GE, gap, 0.5))
    return b


def ask(builder: Builder, query: Query) -> dict[str, Any]:
    system = translate(builder.node(), wrapping=False, bounded=True).system
    assert system.nonlinear
    return decide(Model(system), query, Budget(20.0, 0.0, 0, 0))


def test_an_induction_that_needs_two_lemmas() -> None:
    event = ask(falling(), Query("goal!2", 2, Part.STEP, ("goal!1", "goal!2"), ()))
    assert event["event"] == "valid"
    assert "goal!2" in event["using"]


def test_without_its_lemma_it_is_not_inductive() -> None:
    event = ask(falling(), Query("goal!1", 2, Part.STEP, (), ()))
    assert (event["event"], event["trace"]) == ("invalid", None)


def test_what_says_nothing_about_products_is_proved_without_them() -> None:
    b = falling()
    high = next(v for v in b.clocks if v.name == "gap")
    b.claim("as high as one", b.op(Op.GE, high, 1.0))
    event = ask(b, Query("goal!5", 2, Part.STEP, ("goal!5",), ()))
    assert (event["event"], event["using"]) == ("valid", ["goal!5"])


def test_a_violation_from_the_start_comes_with_its_inputs() -> None:
    event = ask(falling(), Query("goal!3", 1, Part.BASE, (), ()))
    assert event["event"] == "invalid"
    assert [set(instant) for instant in event["trace"]] == [{"$push"}]


@pytest.mark.parametrize(("margin", "answer"), [("0", "invalid"), ("1/2", "invalid"), ("2", "valid")])
def test_a_margin_restricts_the_violations(margin: str, answer: str) -> None:
    assert ask(falling(), Query("goal!3", 1, Part.BASE, (), (), margin))["event"] == answer


X, Y = z3.Real("x"), z3.Real("y")
B = z3.Bool("b")


def test_a_margin_keeps_what_an_assumption_computes_on_the_way() -> None:
    b = Builder()
    x, y = b.input("x", F32), b.input("y", F32)
    b.assume("small", b.op(Op.LE, b.op(Op.ABS, x), 1.0))
    b.assume("range", b.op(Op.AND, b.op(Op.GE, y, 0.0), b.op(Op.LE, y, 8.0)))
    b.claim("product", b.op(Op.LE, b.op(Op.MUL, x, y), 8.0))
    assert ask(b, Query("goal!0", 1, Part.SEARCH, (), (), "1/16"))["event"] == "valid"


@pytest.mark.parametrize(
    "formula",
    [
        X < Y, z3.Not(X < Y), X <= Y, X >= Y, z3.Not(X > Y), X != Y, z3.Not(X == Y), X == Y, z3.Distinct(X, Y),
        z3.And(X < Y, z3.Or(B, X > 1)), z3.Implies(X < Y, Y > 2), z3.Not(z3.Implies(X < Y, Y > 2)),
        z3.If(B, X < Y, X > Y), z3.Not(z3.If(X < 0, X < Y, X > Y)),
    ],
    ids=str,
)  # fmt: skip
def test_a_formula_with_margin_implies_it(formula: Any) -> None:
    stronger = with_margin(formula, Fraction(1, 4))
    solver = z3.Solver()
    solver.add(stronger, z3.Not(formula))
    assert solver.check() == z3.unsat
    solver = z3.Solver()
    solver.add(stronger)
    assert solver.check() == z3.sat
    tight = z3.Solver()
    tight.add(formula, z3.Not(stronger))
    # Something is excluded, but where the formula compares nothing by order.
    assert tight.check() == (z3.unsat if formula.eq(X == Y) else z3.sat)


def test_products_of_the_same_factors_are_one_unknown() -> None:
    relaxation = Relaxation()
    a, b, c = (relaxation.relaxed(t) for t in (X * Y, 2 * (Y * X), (X * 3) * Y))
    assert a.num_args() == 0
    solver = z3.Solver()
    solver.add(z3.Or(b != 2 * a, c != 3 * a))
    assert solver.check() == z3.unsat
    assert relaxation.facts == []
    square = relaxation.relaxed(X * X)
    assert relaxation.facts[0].eq(square >= 0)
    assert not square.eq(a)


def test_a_relaxation_keeps_what_is_linear() -> None:
    assert Relaxation().relaxed(2 * X + Y < 3).eq(2 * X + Y < 3)


def test_a_group_ends_with_the_query_that_makes_the_rest_needless() -> None:
    model = Model(translate(falling().node(), wrapping=False, bounded=True).system)
    found: list[dict[str, Any]] = []
    groups = [
        [Query("goal!0", 1, Part.LOCAL, (), ("goal!1", "goal!2")), Query("goal!0", 1, Part.BASE, (), ())],
        [Query("goal!3", 1, Part.BASE, (), ()), Query("goal!3", 2, Part.STEP, (), ())],
        [Query("goal!4", 1, Part.LOCAL, (), ()), Query("goal!4", 1, Part.BASE, (), ())],
    ]
    decide_all(model, groups, Budget(20.0, 0.0, 0, 0), found.append)
    assert [(e["goal"], e["part"], e["event"]) for e in found] == [
        ("goal!0", "local", "valid"),
        ("goal!3", "base", "invalid"),
        ("goal!4", "local", "invalid"),
        ("goal!4", "base", "valid"),
    ]


def test_assumptions_that_exclude_every_run_are_found() -> None:
    b = falling()
    b.assume("stands", b.op(Op.LE, next(v for v in b.clocks if v.name == "square"), 1.0))
    found: list[dict[str, Any]] = []
    for builder in (falling(), b):
        model = Model(translate(builder.node(), wrapping=False, bounded=True).system)
        consistency(model, Budget(20.0, 0.0, 0, 0), found.append)
    assert found == [{"event": "vacuous", "depth": 0}]


@pytest.mark.parametrize("part", list(Part))
def test_a_query_goes_to_a_worker_and_back(part: Part) -> None:
    query = Query("goal!1", 3, part, ("goal!0",), ("goal!2", "goal!3"), "1/8")
    assert Query.from_data(query.to_data()) == query
