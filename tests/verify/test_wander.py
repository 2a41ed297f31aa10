"""Random runs: what they show happens, and they come where no solver looks at each instant."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, Scalar
from syncml.verify.model import Model
from syncml.verify.smt import value_of, z3
from syncml.verify.solving import Budget
from syncml.verify.vectors import compiled
from syncml.verify.verdicts import Violated
from syncml.verify.wander import wander
from tests.verify.build import Builder
from tests.verify.random_systems import Small, systems
from tests.verify.test_verify import decide


@settings(max_examples=25, deadline=None)
@given(small=systems())
def test_every_run_that_is_found_is_one(small: Small) -> None:
    """Each instant by the functions of the system: the assumption holds, and at the last one the goal does not."""
    if any(n not in small.initial for n in small.following):
        return
    found: list[dict[str, Any]] = []
    wander(Model(small.system), list(small.system.goals), Budget(0.3, 0.0, 40, 0), found.append)
    for event in (e for e in found if e["event"] == "run"):
        goal = small.goals[event["goals"][0]]
        state: dict[str, Any] = dict(small.initial)
        for number, instant in enumerate(event["trace"], 1):
            values = state | {n: text == "True" for n, text in instant.items()}
            assert small.assumption.value(values)
            if number == len(event["trace"]):
                assert not goal.value(values)
            state = {n: t.value(values) for n, t in small.following.items()}


OPERATIONS = {
    "Int": ("(+ a b)", "(- a b)", "(* a b)", "(- a)", "(div a b)", "(mod a b)", "(ite (< a b) a b)"),
    "Real": ("(+ a b)", "(* a b)", "(/ a 2.0)", "(- a b)", "(to_real (to_int a))"),
    "(_ BitVec 8)": (
        "(bvadd a b)", "(bvsub a b)", "(bvmul a b)", "(bvneg a)", "(bvnot a)", "(bvand a b)", "(bvor a b)",
        "(bvxor a b)", "(bvshl a b)", "(bvlshr a b)", "((_ sign_extend 4) a)", "((_ zero_extend 4) a)",
        "((_ extract 6 2) a)", "(concat a b)", "(ite (bvslt a b) a b)", "(ite (bvule a b) a b)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sort", "text"), [(sort, text) for sort, texts in OPERATIONS.items() for text in texts])
def test_an_operation_on_lanes_is_that_of_the_solver(sort: str, text: str) -> None:
    values = [0, 1, 2, 5, 100, 127, 128, 200, 255] if "Vec" in sort else [-7, -3, -1, 0, 1, 2, 9]
    a, b = (z3.Const(n, z3.BitVecSort(8) if "Vec" in sort else getattr(z3, f"{sort}Sort")()) for n in "ab")
    term = z3.parse_smt2_string(f"(declare-const a {sort}) (declare-const b {sort}) (assert (= {text} {text}))")[0]
    step = compiled([], [a, b], [], [term.arg(0)], [])
    assert step is not None
    pairs = [(x, y) for x in values for y in values if y or ("div" not in text and "mod" not in text)]
    kind = np.float64 if sort == "Real" else np.int64
    lanes = [np.array([p[i] for p in pairs], dtype=kind) for i in (0, 1)]
    _, [result], _, _ = step([], lanes)
    for (x, y), value in zip(pairs, np.broadcast_to(result, (len(pairs),)), strict=True):
        numerals = [z3.BitVecVal(n, 8) if "Vec" in sort else z3.RealVal(n) if sort == "Real" else z3.IntVal(n)
                    for n in (x, y)]  # fmt: skip
        exact = value_of(z3.simplify(z3.substitute(term.arg(0), (a, numerals[0]), (b, numerals[1]))))
        assert Fraction(value.item()) == Fraction(exact)


def test_a_violation_far_into_time_is_found() -> None:
    """An environment that has to behave: the lamp may be on for nine ticks in ten at most."""
    b = Builder()
    lamp = b.input("lamp", BOOL)
    run, total = b.state("run", I32, 0), b.state("total", I32, 0)
    b.next(run, b.op(Op.WHERE, lamp, b.op(Op.ADD, run, 1), 0))
    b.assume("short", b.op(Op.LE, run, 9))
    b.next(total, b.op(Op.WHERE, lamp, b.op(Op.ADD, total, 1), total))
    b.claim("rarely", b.op(Op.LE, total, 250))
    found = decide(b, timeout=120.0, properties=("rarely",))
    assert isinstance(found["rarely"], Violated)
    assert found["rarely"].counterexample.tick >= 250


def test_bits_wrap_in_lanes() -> None:
    b = Builder()
    up = b.input("up", BOOL)
    n = b.state("n", Scalar.I8, 0)
    b.next(n, b.op(Op.WHERE, up, b.op(Op.ADD, n, 1), n))
    b.claim("not negative", b.op(Op.GE, n, 0))
    found = decide(b, properties=("not negative",))
    assert isinstance(found["not negative"], Violated)
