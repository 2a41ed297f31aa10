"""The complete engines on transition systems with known answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from syncml.verify.engines import bounded, induction
from syncml.verify.model import Model
from syncml.verify.smt import z3
from syncml.verify.solving import Budget
from syncml.verify.translate import translate
from tests.verify.build import BASE, BOOL, I32, Builder, Op, Scalar

Events = list[dict[str, Any]]


def events(builder: Builder, engine: Any, *, wrapping: bool = False, depth: int = 12) -> Events:
    system = translate(builder.node(), wrapping=wrapping, bounded=True).system
    found: Events = []
    engine(Model(system), system.goals, Budget(20.0, 5.0, depth, 0), found.append)
    return found


def proved(found: Events) -> dict[str, int]:
    return {g: e["k"] for e in found if e["event"] == "proved" for g in e["goals"]}


def violated(found: Events) -> dict[str, int]:
    return {g: len(e["trace"]) for e in found if e["event"] == "violated" for g in e["goals"]}


def saturating(limit: int = 10) -> Builder:
    b = Builder()
    inc = b.input("inc", BOOL)
    n = b.state("n", I32, 0)
    up = b.op(Op.WHERE, b.op(Op.GE, n, limit), n, b.op(Op.ADD, n, 1))
    b.next(n, b.op(Op.WHERE, inc, up, n))
    b.claim("at most the limit", b.op(Op.LE, n, limit))
    b.claim("never seven", b.op(Op.NE, n, 7))
    b.claim("never above", b.op(Op.NE, n, limit + 1))
    return b


@pytest.mark.parametrize("wrapping", [False, True])
def test_a_saturating_counter_is_proved_and_its_false_claim_refuted(wrapping: bool) -> None:
    found = events(saturating(), induction, wrapping=wrapping)
    assert proved(found) == {"goal!0": 1, "goal!2": 1}
    assert violated(found) == {"goal!1": 8}
    assert violated(events(saturating(), bounded, wrapping=wrapping)) == {"goal!1": 8}


@pytest.mark.parametrize("wanted", [2, 3, 4, 5])
def test_a_shift_register_needs_k_instants(wanted: int) -> None:
    """A register chain that ends where it began is all false; the end is inductive only over the whole chain."""
    b = Builder()
    first = b.state("r0", BOOL, False)
    registers = [first, *(b.state(f"r{i}", BOOL, False) for i in range(1, wanted))]
    for before, after in pairwise(registers):
        b.next(after, b.op(Op.AND, before, b.input(f"i{after.name}", BOOL)))
    b.next(first, b.op(Op.AND, registers[-1], b.input("i", BOOL)))
    b.claim("never set", b.op(Op.NOT, registers[-1]))
    assert proved(events(b, induction)) == {"goal!0": wanted}


def test_a_slow_clock_counts_its_own_instants() -> None:
    b = Builder()
    slow = b.wave("", "100", name="slow")
    clock = b.clocks[b.when(b.input("x", I32), slow)]
    count = b.state("count", I32, 0, clock)
    b.next(count, b.op(Op.MIN, b.op(Op.ADD, count, 1), 5))
    b.claim("bounded", b.op(Op.LE, count, 5))
    b.claim("never four", b.op(Op.NE, count, 4))
    found = events(b, induction, depth=15)
    assert set(proved(found)) == {"goal!0"}
    assert violated(found) == {"goal!1": 13}


def test_equal_registers_are_one_state() -> None:
    b = Builder()
    for name in ("a", "b"):
        n = b.state(name, I32, 0)
        b.next(n, b.op(Op.ADD, n, 1, name=f"{name}1"))
    b.claim("equal", b.op(Op.EQ, *(v for v in b.clocks if v.name in "ab")))
    system = translate(b.node(), wrapping=True, bounded=True).system
    assert [s.name for s in system.states] == ["$a"]
    assert proved(events(b, induction)) == {"goal!0": 1}


def test_contradictory_assumptions_are_reported() -> None:
    b = Builder()
    x = b.input("x", Scalar.INT)
    b.assume("high", b.op(Op.GT, x, 1))
    b.assume("low", b.op(Op.LT, x, 1))
    b.claim("anything", b.op(Op.EQ, x, 5))
    assert events(b, bounded) == [{"event": "vacuous", "depth": 0}]


def test_a_register_without_first_value_is_unconstrained_at_the_start() -> None:
    b = Builder()
    last = b.state("last", I32, None, BASE)
    b.next(last, 3)
    b.claim("three", b.op(Op.EQ, last, 3))
    assert violated(events(b, bounded)) == {"goal!0": 1}


def test_the_library_itself_refuses_terms_of_the_wrong_sort() -> None:
    # Its Python package is told not to look twice.
    number, truth, bits = z3.Int("number"), z3.Bool("truth"), z3.BitVec("bits", 8)
    wrong = (
        lambda: z3.substitute(number > 0, (number, bits)),
        lambda: z3.substitute(number > 0, (number, truth)),
        lambda: z3.And(truth, number),
        lambda: z3.Not(number),
        lambda: z3.If(number, truth, truth),
        lambda: z3.SimpleSolver().add(number),
        lambda: z3.ULE(number, number),
    )
    for act in wrong:
        with pytest.raises(z3.Z3Exception):
            act()
