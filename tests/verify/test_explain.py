"""Counterexamples that say what matters: the explanation, the inputs that may be anything, the length of the run."""

from __future__ import annotations

from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.ir.types import F32, EnumType
from syncml.verify import Counterexample, VerifyOptions, Violated, first_violation, verify
from syncml.verify.minimise import Subject, minimised
from syncml.verify.replay import counterexample
from syncml.verify.translate import translate
from tests.verify.build import BOOL, I32, Builder, Op
from tests.verify.test_engines import saturating
from tests.verify.test_verify import replay


def found(builder: Builder, name: str) -> Counterexample:
    program = builder.program()
    report = verify(program, VerifyOptions(timeout=20.0, explain=True), replay)
    [verdict] = [r.verdict for r in report.results if r.name == name]
    assert isinstance(verdict, Violated)
    run = verdict.counterexample
    assert first_violation(program, name, run.inputs, run.ticks, replay) == run.tick
    return run


def told(run: Counterexample) -> list[tuple[int, int, str, Any]]:
    return [(r.depth, r.tick, r.name, r.value) for r in run.explanation]


def free(run: Counterexample) -> dict[str, tuple[bool, ...]]:
    return {s.name: s.free for s in run.streams if s.input}


def gate() -> Builder:
    """Two inputs, of which a choice takes one; a third is only looked at one tick earlier."""
    b = Builder()
    left, right, take = b.input("left", I32), b.input("right", I32), b.input("take", BOOL)
    before = b.state("before", BOOL, False)
    b.next(before, take)
    chosen = b.op(Op.WHERE, before, left, right, name="chosen")
    small = b.op(Op.LE, chosen, 100, name="small")
    b.claim("bounded", b.op(Op.OR, small, b.op(Op.NOT, before)))
    return b


def test_the_explanation_follows_what_the_value_depends_on() -> None:
    run = found(gate(), "bounded")
    left = run.inputs["left"][1]
    assert left > 100
    assert told(run) == [
        (0, 1, "bounded", False),
        (1, 1, "small", False),
        (2, 1, "chosen", left),
        (3, 1, "before", True),
        (4, 0, "take", True),
        (3, 1, "left", left),
    ]
    formulas = {r.name: r.formula for r in run.explanation}
    assert formulas == {
        "bounded": "small or (not before)",
        "small": "chosen <= 100",
        "chosen": "where(before, left, right)",
        "before": "pre(take, init=False)",
        "take": "",
        "left": "",
    }
    [chosen] = [r for r in run.explanation if r.name == "chosen"]
    assert chosen.parts == (("before", True, "bool"), ("left", left, "i32"))
    assert [r.origin for r in run.explanation if r.name == "take"] == ["input"]


def test_inputs_that_do_not_matter_are_free() -> None:
    run = found(gate(), "bounded")
    assert free(run) == {"left": (True, False), "right": (True, True), "take": (False, True)}


def test_a_counter_is_followed_to_its_first_value() -> None:
    run = found(saturating(), "never seven")
    assert free(run) == {"inc": (*(False,) * 7, True)}
    counts = [r for r in run.explanation if r.name == "n"]
    assert [(r.tick, r.value) for r in counts] == [(k, k) for k in range(7, -1, -1)]
    assert [r.origin for r in counts] == [""] * 7 + ["first value"]


def test_an_explanation_is_no_longer_than_a_person_reads() -> None:
    b = Builder()
    n = b.state("n", I32, 0)
    b.next(n, b.op(Op.ADD, n, 1))
    b.claim("small", b.op(Op.LT, n, 60))
    run = found(b, "small")
    assert run.tick == 60
    assert len(run.explanation) == 30


@pytest.mark.parametrize(
    ("op", "values", "expected"),
    [
        (Op.AND, (True, False), ["b"]),
        (Op.OR, (True, False), ["a"]),
        (Op.OR, (False, False), ["a", "b"]),
        (Op.AND, (True, True), ["a", "b"]),
    ],
)
def test_one_operand_may_decide(op: Op, values: tuple[bool, bool], expected: list[str]) -> None:
    b = Builder()
    x, y = b.input("a", BOOL), b.input("b", BOOL)
    result = b.op(op, x, y, name="result")
    wanted = b.op(Op.NOT, result) if (values[0] | values[1] if op is Op.OR else all(values)) else result
    b.claim("claim", wanted)
    for var, value in zip((x, y), values, strict=True):
        b.assume(f"{var.name} is", b.op(Op.EQ, var, value))
    run = found(b, "claim")
    [reason] = [r for r in run.explanation if r.formula in ("a and b", "a or b")]
    assert [name for name, _, _ in reason.parts] == expected


def test_a_mode_explains_itself_by_its_branch() -> None:
    mode = EnumType("Mode", ("OFF", "ON"))
    b = Builder()
    at = b.input("at", mode)
    on, off = b.input("on", F32), b.input("off", F32)
    merged = b.merge(at, {"OFF": b.when(off, at, "OFF"), "ON": b.when(on, at, "ON")}, name="merged")
    b.claim("positive", b.op(Op.GT, merged, 0.0))
    run = found(b, "positive")
    chosen = str(run.inputs["at"][0]).lower()
    assert [r.name for r in run.explanation] == ["positive", "merged", "at", chosen]
    other = "off" if chosen == "on" else "on"
    assert free(run)[other] == (True,)
    assert free(run)[chosen] == (False,)


def test_inputs_are_not_free_where_rounding_decides() -> None:
    """Over the reals `x + y - x` is `y`, whatever `x` is; in floats a large `x` swallows it."""
    b = Builder()
    x, y = b.input("x", F32), b.input("y", F32)
    b.claim("lost", b.op(Op.LT, b.op(Op.SUB, b.op(Op.ADD, x, y), x), 1.0))
    run = found(b, "lost")
    assert all(not any(f) for f in free(run).values())


def test_a_run_is_shortened_by_replaying_it() -> None:
    b = Builder()
    press = b.input("press", BOOL)
    n = b.state("n", I32, 0)
    b.next(n, b.op(Op.WHERE, press, b.op(Op.ADD, n, 1), n))
    b.claim("below two", b.op(Op.LT, n, 2))
    node = b.node()
    translation = translate(node, wrapping=False, bounded=True)
    program = Program((node,), node.name)
    inputs = {"press": [False, False, True, False, False, False, True, False, False]}
    long = counterexample(program, node.properties[0], inputs, 9, replay)
    assert isinstance(long, Counterexample)
    assert long.tick == 7
    subject = Subject(program, node.properties[0], "goal!0", translation.system, translation.inputs, replay)
    emitted: list[Counterexample] = []
    minimised(emitted.append, subject, long, 0, 1.0)
    short = emitted[-1]
    assert short.inputs == {"press": (True, True, False)}
    assert free(short) == {"press": (False, False, True)}


def test_inputs_of_slower_clocks_stay_with_their_ticks() -> None:
    """Leaving out one tick moves an input to where its clock is absent; such a run is none."""
    b = Builder()
    slow = b.wave("", "10", name="slow")
    clock = b.clocks[b.when(b.input("x", I32), slow)]
    wish = b.input("wish", I32, clock)
    held = b.state("held", I32, 0, clock)
    b.next(held, wish)
    b.claim("small", b.op(Op.LE, held, 5))
    run = found(b, "small")
    assert run.tick == 2
    assert run.inputs["wish"][1] is None
