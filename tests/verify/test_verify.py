"""Verdicts on small programs: each counterexample replays, each proof survives random runs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.syntax import Program, PropertyKind
from syncml.ir.types import BOOL, F32, F64, FLOATS, I32, EnumType, Scalar, TensorType, integer_range
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import (
    Proved,
    Semantics,
    Unknown,
    VerificationReport,
    VerifyOptions,
    Violated,
    first_violation,
    opened,
    verify,
)
from tests.verify.build import Builder, Op
from tests.verify.test_engines import saturating

I8 = Scalar.I8


def replay(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
    return interpret(program, inputs, ticks).trace


def decide(builder: Builder, *callees: Any, **options: Any) -> dict[str, Any]:
    """Verdicts by the name of the property, all of which are checked against the interpreter."""
    program = builder.program(*callees)
    report = verify(program, VerifyOptions(**{"timeout": 30.0, "semantics": Semantics.REALS, **options}), replay)
    judge(program, report, tuple(options.get("abstract", ())))
    return {r.name: r.verdict for r in report.results}


def judge(program: Program, report: VerificationReport, abstract: tuple[str, ...] = ()) -> None:
    """Each counterexample violates, in the interpreter, at its tick; no random run violates what is proved."""
    main = program.node(program.main)
    runs = [random_inputs(opened(program, frozenset(abstract)), seed) for seed in range(8)]
    for result in report.results:
        if isinstance(result.verdict, Violated) and result.node == main.label:
            found = result.verdict.counterexample
            assert first_violation(program, result.name, found.inputs, found.ticks, replay, abstract) == found.tick
            assert all(len(s.values) == found.tick + 1 for s in found.streams)
        if isinstance(result.verdict, Proved) and result.node == main.label:
            for run in runs:
                assert first_violation(program, result.name, run, TICKS, replay, abstract) is None


TICKS = 25


def random_inputs(program: Program, seed: int) -> dict[str, list[Any]]:
    source = random.Random(seed)
    inputs = program.node(program.main).inputs
    return {v.name: [random_value(v.type, source) for _ in range(TICKS)] for v in inputs}


def random_value(type_: Any, source: random.Random) -> Any:
    if isinstance(type_, TensorType):
        return [random_value(type_.element, source) for _ in range(type_.shape[0])]
    if isinstance(type_, EnumType):
        return source.choice(type_.constructors)
    if type_ is BOOL:
        return source.random() < 0.5
    if type_ in FLOATS:
        return source.choice([source.uniform(-2.0, 2.0), source.uniform(-100.0, 100.0)])
    if type_ is Scalar.REAL:
        return Fraction(source.randint(-20, 20), source.randint(1, 9))
    if type_ is Scalar.INT:
        return source.randint(-20, 20)
    low, high = integer_range(type_)
    return source.choice([source.randint(max(low, -3), 3), source.randint(low, high)])


def test_a_saturating_counter() -> None:
    found = decide(saturating())
    assert isinstance(found["at most the limit"], Proved)
    assert isinstance(found["overflow:t1"], Proved)
    assert found["at most the limit"].semantics == "machine integers"
    assert isinstance(found["never seven"], Violated)
    assert found["never seven"].counterexample.tick == 7


def counter(kind: Scalar) -> Builder:
    b = Builder()
    n = b.state("n", kind, 0)
    b.next(n, b.op(Op.ADD, n, 1, name="n1"))
    b.claim("not negative", b.op(Op.GE, n, 0))
    return b


def test_a_counter_of_eight_bits_wraps() -> None:
    found = decide(counter(I8))
    assert found["overflow:n1"].counterexample.tick == 127
    assert found["not negative"].counterexample.tick == 128


def test_a_violation_is_found_beyond_instants_that_are_too_hard() -> None:
    """That a slow climb stays below its limit for 30 steps is hard to show; a run that passes it is easy to find."""
    b = Builder()
    wish, last = b.input("wish", F32), b.state("last", F32, 0.0)
    above = b.op(Op.MAX, wish, b.op(Op.SUB, last, 0.0625))
    b.next(last, b.op(Op.MIN, above, b.op(Op.ADD, last, 0.0625), name="command"))
    b.claim("in range", b.op(Op.LE, last, 3.0))
    b.claim("not below", b.op(Op.GE, last, -4.0))
    found = decide(b, timeout=25.0, properties=("in range",))
    assert isinstance(found["in range"], Violated)
    assert found["in range"].counterexample.tick >= 48


def test_under_ideal_semantics_nothing_wraps() -> None:
    found = decide(counter(Scalar.INT), semantics=Semantics.IDEAL)
    assert set(found) == {"not negative"}
    assert isinstance(found["not negative"], Proved)


def test_what_only_a_far_overflow_breaks_is_not_called_proved() -> None:
    found = decide(counter(I32), timeout=6.0)
    assert isinstance(found["not negative"], Unknown)
    assert isinstance(found["overflow:n1"], Unknown)
    assert found["not negative"].depth >= 50


def test_a_property_that_wrapping_cannot_touch_is_proved_over_bits() -> None:
    b = counter(I8)
    b.claim("in range", b.op(Op.LE, b.op(Op.AND, next(iter(b.clocks)), 7), 7))
    found = decide(b)
    assert isinstance(found["in range"], Proved)


def test_an_unused_quotient_needs_no_guard() -> None:
    b = Builder()
    x, y = b.input("x", F32), b.input("y", F32)
    safe = b.op(Op.NE, y, 0.0)
    guarded = b.op(Op.DIV, x, y, name="guarded")
    b.output(b.op(Op.WHERE, safe, guarded, 0.0))
    b.output(b.op(Op.DIV, x, y, name="bare"))
    found = decide(b)
    assert isinstance(found["division:guarded"], Proved)
    assert isinstance(found["division:bare"], Violated)


@pytest.mark.parametrize(("op", "kind"), [(Op.FLOORDIV, I8), (Op.MOD, I8), (Op.FLOORDIV, Scalar.U8)])
def test_integer_division(op: Op, kind: Scalar) -> None:
    b = Builder()
    x, y = b.input("x", kind), b.input("y", kind)
    quotient = b.op(op, x, y, name="q")
    b.claim("odd", b.op(Op.NE, quotient, 1))
    found = decide(b)
    assert isinstance(found["division:q"], Violated)
    assert isinstance(found["odd"], Violated)
    assert ("overflow:q" in found) == (op is Op.FLOORDIV and kind is I8)
    if "overflow:q" in found:
        assert isinstance(found["overflow:q"], Violated)


def test_a_dynamic_index() -> None:
    b = Builder()
    table, i = b.input("table", TensorType(I32, (3,))), b.input("i", Scalar.U8)
    b.output(b.op(Op.AT, table, i, name="bad"))
    b.output(b.op(Op.AT, table, b.op(Op.MOD, i, 3), name="good"))
    found = decide(b)
    assert isinstance(found["index:bad"], Violated)
    assert isinstance(found["index:good"], Proved)


def test_the_domain_of_a_square_root() -> None:
    b = Builder()
    x = b.input("x", F64)
    b.output(b.op(Op.SQRT, x, name="bad"), b.op(Op.SQRT, b.op(Op.ABS, x), name="good"))
    found = decide(b)
    assert isinstance(found["domain:bad"], Violated)
    assert isinstance(found["domain:good"], Proved)


def automaton(faulty: bool) -> Builder:
    """A light: red, green, amber; a push on red leads to green. Faulty, amber goes back to green."""
    b = Builder()
    light = EnumType("Light", ("RED", "GREEN", "AMBER"))
    push = b.input("push", BOOL)
    now = b.state("now", light, "RED")
    is_red, is_green, is_amber = (b.when(push, now, c) for c in light.constructors)
    from syncml.ir.constants import Const

    red, green, amber = (Const(c, light) for c in light.constructors)
    b.next(now, b.merge(now, {
        "RED": b.op(Op.WHERE, is_red, green, red),
        "GREEN": b.op(Op.WHERE, is_green, amber, green),
        "AMBER": b.op(Op.WHERE, is_amber, green if faulty else red, amber),
    }))  # fmt: skip
    before = b.state("before", light, "RED")
    b.next(before, now)
    wrong = b.op(Op.AND, b.op(Op.EQ, now, green), b.op(Op.EQ, before, amber))
    b.claim("green follows red", b.op(Op.NOT, wrong))
    return b


def test_an_automaton() -> None:
    assert isinstance(decide(automaton(faulty=False))["green follows red"], Proved)
    found = decide(automaton(faulty=True))["green follows red"]
    assert found.counterexample.tick == 3
    assert found.counterexample.inputs == {"push": (True, True, True, False)} or found.counterexample.inputs["push"][:3]


def test_streams_on_a_slow_clock_are_blank_between_its_instants() -> None:
    b = Builder()
    slow = b.wave("", "100", name="slow")
    x = b.input("x", I32)
    sampled = b.when(x, slow, name="sampled")
    total = b.state("total", I32, 0, b.clocks[sampled])
    b.next(total, b.op(Op.MIN, b.op(Op.MAX, b.op(Op.ADD, b.op(Op.MIN, b.op(Op.MAX, sampled, -9), 9), total), -50), 50))
    b.claim("small", b.op(Op.LT, total, 10))
    b.claim("bounded", b.op(Op.LE, total, 50))
    found = decide(b)
    assert isinstance(found["bounded"], Proved)
    trace = found["small"].counterexample
    assert trace.tick == 6
    values = next(s.values for s in trace.streams if s.name == "total")
    assert [v is None for v in values] == [False, True, True, False, True, True, False]


def test_a_clock_on_data() -> None:
    b = Builder()
    go = b.input("go", BOOL)
    x = b.input("x", I8)
    sampled = b.when(x, go)
    n = b.state("n", I8, 0, b.clocks[sampled])
    b.next(n, b.op(Op.WHERE, b.op(Op.LT, n, 3), b.op(Op.ADD, n, 1), 0))
    b.claim("below four", b.op(Op.LE, n, 3))
    b.claim("below three", b.op(Op.LE, n, 2))
    found = decide(b)
    assert isinstance(found["below four"], Proved)
    assert found["below three"].counterexample.inputs["go"].count(True) == 4


def test_a_vector() -> None:
    b = Builder()
    v = b.input("v", TensorType(Scalar.INT, (3,)))
    low = b.op(Op.LEAST, v, to=(0,))
    b.claim("least below sum", b.op(Op.LE, b.op(Op.MUL, low, 3), b.op(Op.SUM, v, to=(0,))))
    b.claim("least is first", b.op(Op.EQ, low, b.op(Op.INDEX, v, to=(0,))))
    found = decide(b)
    assert isinstance(found["least below sum"], Proved)
    assert isinstance(found["least is first"], Violated)


def test_reachability_finds_the_invariant() -> None:
    """x and y move together up to a bound; that x - y is constant is in no clause."""
    b = Builder()
    up = b.input("up", BOOL)
    x, y = b.state("x", Scalar.INT, 0), b.state("y", Scalar.INT, 0)
    b.next(x, b.op(Op.WHERE, up, b.op(Op.ADD, x, 1), x))
    b.next(y, b.op(Op.WHERE, up, b.op(Op.ADD, y, 2), y))
    b.claim("y not small", b.op(Op.OR, b.op(Op.LT, x, 50), b.op(Op.GE, y, 50)))
    verdict = decide(b, engines=("spacer",))["y not small"]
    assert isinstance(verdict, Proved)
    assert verdict.method == "property-directed reachability"
    assert verdict.invariant


def test_nonlinear_reals() -> None:
    b = Builder()
    v = b.input("v", F32)
    b.assume("range", b.op(Op.AND, b.op(Op.GE, v, 0.0), b.op(Op.LE, v, 10.0)))
    x = b.state("x", F32, 0.0)
    b.next(x, b.op(Op.MIN, b.op(Op.ADD, x, b.op(Op.MUL, v, v)), 100.0))
    b.claim("not negative", b.op(Op.GE, x, 0.0))
    b.claim("below fifty", b.op(Op.LT, x, 50.0))
    squares = b.op(Op.ADD, b.op(Op.MUL, v, v), b.op(Op.MUL, x, x))
    b.claim("a square", b.op(Op.GE, squares, b.op(Op.MUL, 2.0, b.op(Op.MUL, v, x))))
    found = decide(b)
    assert isinstance(found["not negative"], Proved)
    assert isinstance(found["a square"], Proved)
    assert "ideal reals for floats" in found["a square"].semantics
    assert found["below fifty"].counterexample.tick >= 1


def test_a_violation_that_rounding_undoes_is_not_reported_as_one() -> None:
    """Over the reals 0.1 + 0.2 is 0.3; in binary64 it is not, and the other way round."""
    b = Builder()
    x = b.input("x", F64)
    b.assume("a tenth", b.op(Op.EQ, x, 0.1))
    three = b.op(Op.ADD, b.op(Op.ADD, x, x), x)
    b.claim("never three tenths", b.op(Op.NE, three, 0.3))
    verdict = decide(b)["never three tenths"]
    assert isinstance(verdict, Unknown)
    assert "rounded" in verdict.reason


def test_a_violation_with_room_is_found_where_the_first_model_has_none() -> None:
    b = Builder()
    x = b.input("x", F32)
    b.assume("range", b.op(Op.AND, b.op(Op.GT, x, 0.1), b.op(Op.LT, x, 0.2)))
    b.claim("below", b.op(Op.LE, b.op(Op.MUL, x, 3.0), 0.30001))
    assert isinstance(decide(b)["below"], Violated)


def limiter(*, abstract: bool, wide: bool = False) -> Any:
    """A node that squashes its input into [-1, 1] and promises that, or (``wide``) promises too much."""
    b = Builder("limiter", abstract=abstract)
    x = b.input("x", F32)
    y = b.op(Op.MIN, b.op(Op.MAX, b.op(Op.TANH, b.op(Op.MUL, x, x)), -1.0), 1.0, name="y")
    b.output(y)
    b.claim("within", b.op(Op.AND, b.op(Op.GE, y, 0.5 if wide else -1.0), b.op(Op.LE, y, 1.0)))
    b.claim("number", b.op(Op.LE, x, 1000.0), PropertyKind.REQUIRE)
    return b.node()


@pytest.mark.parametrize("declared", [True, False])
def test_a_contract_stands_for_an_abstract_node(declared: bool) -> None:
    b = Builder()
    x = b.input("x", F32)
    b.assume("small", b.op(Op.LE, x, 10.0))
    (y,) = b.call(limiter(abstract=declared), x, instance="net")
    b.claim("twice", b.op(Op.LE, b.op(Op.MUL, y, 2.0), 2.0))
    b.claim("positive", b.op(Op.GE, y, 0.0))
    chosen = () if declared else ("limiter",)
    found = decide(b, limiter(abstract=declared), abstract=chosen)
    assert isinstance(found["twice"], Proved)
    assert isinstance(found["within"], Proved)
    assert isinstance(found["net.number"], Proved)
    # The body never yields a negative number, but its contract allows one.
    assert found["positive"].counterexample.inputs["net_y"][-1] < 0


def test_a_broken_contract_undoes_what_rests_on_it() -> None:
    b = Builder()
    node = limiter(abstract=True, wide=True)
    x = b.input("x", F32)
    b.assume("small", b.op(Op.LE, x, 10.0))
    (y,) = b.call(node, x, instance="net")
    b.claim("high", b.op(Op.GE, y, 0.5))
    found = decide(b, node)
    assert isinstance(found["within"], Violated | Unknown)
    assert isinstance(found["high"], Unknown)
    assert "contract" in found["high"].reason


def test_a_lemma_that_fails_is_not_used() -> None:
    b = Builder()
    n = b.state("n", Scalar.INT, 0)
    b.next(n, b.op(Op.ADD, n, 2))
    b.claim("lemma", b.op(Op.LE, n, 6), PropertyKind.INVARIANT)
    b.claim("goal", b.op(Op.NE, n, 7), PropertyKind.ENSURE)
    found = decide(b)
    assert found["lemma"].counterexample.tick == 4
    assert not isinstance(found["goal"], Violated)
    assert not isinstance(found["goal"], Proved) or "lemma" not in found["goal"].using


def test_contradictory_assumptions_are_a_warning_and_prove_nothing() -> None:
    b = Builder()
    x = b.input("x", I32)
    b.assume("high", b.op(Op.GT, x, 1))
    b.assume("low", b.op(Op.LT, x, 1))
    b.claim("anything", b.op(Op.EQ, x, 5))
    report = verify(b.program(), VerifyOptions(timeout=10.0), replay)
    assert [w.code for w in report.warnings] == ["V002"]
    assert isinstance(report.results[0].verdict, Unknown)
    assert report.exit_code == 3


def test_one_property_can_be_asked_for_and_an_unknown_one_is_a_fault() -> None:
    assert set(decide(saturating(), properties=("never seven",))) == {"never seven"}
    with pytest.raises(DiagnosticError, match="V003"):
        decide(saturating(), properties=("never sevn",))


def unreachable_only_far_away() -> Builder:
    """A counter that no engine can follow to where it breaks a clause, beside one that is easy."""
    b = saturating()
    n = b.state("far", Scalar.INT, 0)
    b.next(n, b.op(Op.ADD, n, 1, name="farther"))
    b.claim("never that far", b.op(Op.NE, n, 10**9))
    return b


def test_the_search_ends_when_what_was_asked_for_is_decided() -> None:
    limit = 120.0
    options = VerifyOptions(timeout=limit, properties=("at most the limit", "never seven"))
    report = verify(unreachable_only_far_away().program(), options, replay)
    assert {r.name: type(r.verdict) for r in report.results} == {
        "at most the limit": Proved,
        "never seven": Violated,
    }
    assert report.time_s < limit / 2


def test_the_search_can_end_at_the_first_violation() -> None:
    limit = 120.0
    report = verify(unreachable_only_far_away().program(), VerifyOptions(timeout=limit, first=True), replay)
    found = {r.name: r.verdict for r in report.results}
    assert isinstance(found["never seven"], Violated)
    assert isinstance(found["never that far"], Unknown)
    assert report.time_s < limit / 2


@pytest.mark.parametrize("options", [{"engines": ("magic",)}, {"abstract": ("nobody",)}])
def test_unknown_names_are_faults(options: dict[str, Any]) -> None:
    with pytest.raises(DiagnosticError, match="U001"):
        decide(saturating(), **options)


@pytest.mark.parametrize("engine", ["bmc", "induction", "spacer"])
def test_each_engine_alone_finds_what_it_can(engine: str) -> None:
    found = decide(saturating(), engines=(engine,), timeout=5.0)
    assert isinstance(found["never seven"], Violated | Unknown)
    assert isinstance(found["at most the limit"], Unknown if engine == "bmc" else Proved)


def test_two_runs_agree() -> None:
    def once() -> list[Any]:
        report = verify(automaton(faulty=True).program(), VerifyOptions(timeout=30.0, engines=("induction",)), replay)
        return [(r.name, r.verdict) for r in report.results]

    assert once() == once()


@pytest.mark.parametrize(
    ("start", "limit", "stride", "guarded", "intact"),
    [(0, 10, 1, True, True), (11, 10, 1, True, False), (0, 11, 1, True, False), (0, 10, 3, True, False),
     (0, 10, 1, False, False), (0, 9, 2, True, True)],
    ids=["intact", "initial value", "limit", "increment", "guard removed", "another that holds"],
)  # fmt: skip
def test_mutants_of_a_counter_are_refuted(start: int, limit: int, stride: int, guarded: bool, intact: bool) -> None:
    b = Builder()
    n = b.state("n", I32, start)
    more = b.op(Op.ADD, n, stride)
    b.next(n, b.op(Op.WHERE, b.op(Op.LT, n, limit), more, n) if guarded else more)
    b.claim("at most ten", b.op(Op.LE, n, 10))
    verdict = decide(b, timeout=10.0)["at most ten"]
    assert isinstance(verdict, Proved if intact else Violated)
