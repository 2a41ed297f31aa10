"""What must not be proved: arguments that run in a circle, and runs that a model ends before the program does."""

from __future__ import annotations

from typing import Any

import pytest

from syncml.ir.equations.syntax import Node
from syncml.verify import Proved, Unknown, VerifyOptions, Violated, verify
from tests.verify.build import BASE, BOOL, F32, I32, Builder, Op, PropertyKind, Scalar
from tests.verify.test_verify import decide, replay


@pytest.mark.parametrize("stride", [50, 1])
def test_an_overflow_ends_no_run(stride: int) -> None:
    """A register that wraps has nothing to do with a clause that is false only after it has wrapped."""
    b = Builder()
    n, m = b.state("n", Scalar.I8, 0), b.state("m", I32, 0)
    b.next(n, b.op(Op.ADD, n, stride, name="more"))
    b.next(m, b.op(Op.WHERE, b.op(Op.LT, m, 200), b.op(Op.ADD, m, 1), m))
    b.output(n)
    b.claim("at most 150", b.op(Op.LE, m, 150))
    b.claim("at most 200", b.op(Op.LE, m, 200))
    found = decide(b)
    assert found["at most 150"].counterexample.tick == 151
    assert isinstance(found["at most 200"], Proved)
    assert isinstance(found["overflow:more"], Violated)


def positive(*, slow: bool = False, stateful: bool = False) -> Node:
    """A node that requires of its input what it then promises of it."""
    b = Builder("positive", abstract=True)
    x = b.input("x", F32)
    b.output(b.op(Op.ADD, x, 1.0, name="y"))
    checked = b.when(x, b.wave("", "01")) if slow else x
    if stateful:
        checked = b.state("before", F32, 0.0)
        b.next(checked, x)
    b.claim("required", b.op(Op.GE, checked, 0.0), PropertyKind.REQUIRE)
    b.claim("promised", b.op(Op.GE, checked, 0.0, name="promise"))
    return b.node()


@pytest.mark.parametrize("options", [{}, {"slow": True}, {"stateful": True}], ids=["at once", "slow", "before"])
def test_a_requirement_is_not_proved_by_the_promise_that_needs_it(options: dict[str, bool]) -> None:
    b = Builder()
    x = b.input("x", F32)
    b.call(positive(**options), x, instance="p")
    found = decide(b, positive(**options))
    assert isinstance(found["promised"], Proved)
    assert isinstance(found["p.required"], Violated)


def test_a_promise_binds_while_the_requirements_are_kept() -> None:
    b = Builder()
    x = b.input("x", F32)
    clipped = b.op(Op.MAX, x, 0.0)
    b.call(positive(slow=True), clipped, instance="p")
    b.claim("kept", b.op(Op.GE, clipped, 0.0))
    assert all(isinstance(v, Proved) for v in decide(b, positive(slow=True)).values())


def test_a_promise_does_not_bind_again_after_a_broken_requirement() -> None:
    """The state of a node is anything after an input that it does not allow."""
    limited = Builder("limited", abstract=True)
    x = limited.input("x", F32)
    y = limited.state("y", F32, 0.0)
    limited.next(y, limited.op(Op.MIN, limited.op(Op.MAX, x, y), 1.0))
    limited.output(y)
    limited.claim("required", limited.op(Op.LE, x, 1.0), PropertyKind.REQUIRE)
    limited.claim("promised", limited.op(Op.LE, y, 1.0))
    b = Builder()
    (z,) = b.call(limited.node(), b.input("x", F32), instance="l")
    b.claim("at most one", b.op(Op.LE, z, 1.0))
    found = decide(b, limited.node())
    # The contract alone says nothing about a run on which the input was above one at any instant.
    assert isinstance(found["at most one"], Violated)


def test_a_promise_that_rests_on_a_broken_one_is_not_proved() -> None:
    inner = Builder("inner", abstract=True)
    x = inner.input("x", F32)
    y = inner.op(Op.ADD, x, 1.0, name="y")
    inner.output(y)
    inner.claim("false promise", inner.op(Op.GE, y, inner.op(Op.ADD, x, 2.0)))
    outer = Builder("outer", abstract=True)
    u = outer.input("u", F32)
    (v,) = outer.call(inner.node(), u, instance="i")
    outer.output(v)
    outer.claim("rests on it", outer.op(Op.GE, v, outer.op(Op.ADD, u, 2.0)))
    b = Builder()
    (w,) = b.call(outer.node(), b.input("s", F32), instance="o")
    b.claim("and so does this", b.op(Op.GE, w, -1.0e30))
    report = verify(b.program(inner.node(), outer.node()), VerifyOptions(timeout=20.0), replay)
    found: dict[str, Any] = {r.name: r.verdict for r in report.results}
    assert isinstance(found["false promise"], Violated)
    assert isinstance(found["rests on it"], Unknown)
    assert not isinstance(found["and so does this"], Proved)


def test_assumptions_that_contradict_each_other_later_are_a_warning() -> None:
    """Whatever holds for three ticks would be called proved."""
    b = Builder()
    n = b.state("n", I32, 0, BASE)
    b.next(n, b.op(Op.MIN, b.op(Op.ADD, n, 1), 9))
    x = b.input("x", BOOL)
    b.assume("short", b.op(Op.LE, n, 3))
    b.claim("follows", b.op(Op.LE, n, 100))
    b.claim("broken before", b.op(Op.OR, x, b.op(Op.LT, n, 2)))
    report = verify(b.program(), VerifyOptions(timeout=20.0), replay)
    found: dict[str, Any] = {r.name: r.verdict for r in report.results}
    assert [w.code for w in report.warnings] == ["V002"]
    assert isinstance(found["follows"], Unknown)
    assert isinstance(found["broken before"], Violated)


def test_a_word_on_a_clock_whose_condition_is_computed() -> None:
    b = Builder()
    x = b.input("x", I32)
    above = b.op(Op.GT, x, 3)
    sampled = b.when(x, above)
    word = b.wave("", "10", b.clocks[sampled], name="every other")
    b.claim("above", b.op(Op.GT, b.when(sampled, word), 3))
    assert isinstance(decide(b)["above"], Proved)
