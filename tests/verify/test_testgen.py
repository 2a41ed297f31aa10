"""Test suites: every goal that can be reached is, in a run of the program, and what is called unreachable is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.pipeline import check, load
from syncml.sim.interpreter import interpret, replay
from syncml.verify import Semantics, VerifyOptions, testgen
from syncml.verify.driver import verify
from syncml.verify.testgen import NotReached, Suite, Unreachable, generate
from syncml.verify.traps import Aspect, Goal
from tests.verify.build import BOOL, F32, I32, Builder, Op

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def suite_of(program: Program, **options: Any) -> Suite:
    return generate(
        program, VerifyOptions(**{"timeout": 20.0, "jobs": 1, "semantics": Semantics.REALS, **options}), replay
    )


def by_name(suite: Suite) -> dict[tuple[str, str], Any]:
    return {(goal.stream, goal.value): found for goal, found in suite.goals.items()}


def saturating() -> Builder:
    b = Builder()
    up = b.input("up", BOOL)
    n = b.state("n", I32, 0)
    full = b.op(Op.GE, n, 3, name="full")
    beyond = b.op(Op.GT, n, 3, name="beyond")
    blocked = b.op(Op.OR, full, beyond, name="blocked")
    b.next(n, b.op(Op.WHERE, blocked, n, b.op(Op.WHERE, up, b.op(Op.ADD, n, 1), n)))
    b.output(n)
    return b


def test_conditions_are_reached_or_proved_unreachable() -> None:
    found = by_name(suite_of(saturating().program()))
    assert isinstance(found["beyond", "true"], Unreachable)
    assert found["beyond", "true"].semantics == "machine integers"
    reached = {key for key, where in found.items() if isinstance(where, int)}
    assert reached == {(n, v) for n in ("up", "full", "beyond", "blocked") for v in ("true", "false")} - {
        ("beyond", "true")
    }


def test_each_run_of_the_suite_reaches_what_it_says() -> None:
    program = saturating().program()
    suite = suite_of(program)
    for run in suite.runs:
        trace = interpret(program, run.inputs, run.ticks).trace
        assert max(run.reaches.values()) == run.ticks - 1
        for goal, tick in run.reaches.items():
            assert str(trace.column(goal.stream).at(tick)).lower() == goal.value
    # Three increments, and the saturation that follows, are one run; the rest are short.
    assert len(suite.runs) <= 2


def test_an_assumption_keeps_goals_out_of_reach() -> None:
    b = Builder()
    x = b.input("x", F32)
    b.assume("small", b.op(Op.LE, b.op(Op.ABS, x), 1.0))
    high = b.op(Op.GT, x, 2.0, name="high")
    b.output(b.op(Op.WHERE, high, 0.0, x))
    suite = suite_of(b.program())
    found = by_name(suite)
    assert isinstance(found["high", "true"], Unreachable)
    assert found["high", "false"] == 0
    assert all(abs(v) <= 1.0 for run in suite.runs for v in run.inputs["x"])


def test_what_the_solver_leaves_open_is_sought_by_random_runs_and_else_said() -> None:
    """No engine runs, so all that is reached is reached at random."""
    b = Builder()
    x = b.input("x", I32)
    b.assume("bounded", b.op(Op.AND, b.op(Op.GE, x, 0), b.op(Op.LE, x, 1000)))
    seven = b.op(Op.EQ, x, 1000, name="border")
    code = b.op(Op.EQ, b.op(Op.MUL, x, x), 123_456, name="nowhere")
    b.output(b.op(Op.WHERE, b.op(Op.OR, seven, code), 1, 0))
    found = by_name(suite_of(b.program(), timeout=0.0))
    assert isinstance(found["border", "true"], int)
    assert isinstance(found["nowhere", "true"], NotReached)


@pytest.mark.parametrize("example", ["door", "modes"])
def test_every_mode_and_transition_of_an_example_is_taken(example: str) -> None:
    checked = check(load(str(EXAMPLES / f"{example}.py")))
    suite = suite_of(checked.program)
    assert all(isinstance(found, int) for found in suite.goals.values())
    modes = [g.value for g in suite.goals if g.aspect is Aspect.MODE]
    transitions = {g.value for g in suite.goals if g.aspect is Aspect.TRANSITION}
    if example == "door":
        assert modes == ["CLOSED", "CLOSING", "OPEN", "OPENING"]
        assert transitions == {
            "CLOSED -> OPENING", "OPENING -> OPEN", "OPEN -> CLOSING", "CLOSING -> CLOSED", "CLOSING -> OPENING"
        }  # fmt: skip
    else:
        assert (sorted(modes), transitions) == (["CRUISE", "FOLLOW", "OFF"], set())


def test_two_instances_share_the_goals_of_their_lines() -> None:
    """What is impossible in one of them is covered by the other."""
    callee = Builder("limit")
    x = callee.input("x", I32)
    high = callee.op(Op.GT, x, 5, name="high")
    callee.output(callee.op(Op.WHERE, high, 5, x, name="y"))
    b = Builder()
    given = b.input("given", I32)
    (first,) = b.call(callee.node(), given, instance="a")
    (second,) = b.call(callee.node(), first, instance="b")
    b.output(second)
    suite = suite_of(b.program(callee.node()))
    assert [(g.aspect, g.stream, g.value) for g in suite.goals] == [
        (Aspect.CONDITION, "high", "false"), (Aspect.CONDITION, "high", "true"),
    ]  # fmt: skip
    assert all(isinstance(found, int) for found in suite.goals.values())


def test_the_same_seed_gives_the_same_suite() -> None:
    def once() -> list[tuple[Any, int, dict[Goal, int]]]:
        suite = suite_of(saturating().program(), seed=3)
        return [(run.inputs, run.ticks, dict(run.reaches)) for run in suite.runs]

    assert once() == once()


def test_what_is_left_open_is_claimed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine runs on the whole program, which an assumption ties together; the claim alone is about a counter."""
    whole: list[int] = []

    def without_engines_at_first(program: Program, options: VerifyOptions, replay: Any) -> Any:
        whole.append(len(program.node(program.main).equations))
        return verify(program, replace(options, timeout=20.0 if len(whole) > 1 else 0.0), replay)

    monkeypatch.setattr(testgen, "verify", without_engines_at_first)
    b = saturating()
    x = b.input("x", I32)
    n = b.program().node(b.program().main).outputs[0]
    squares = b.op(Op.MUL, x, x)
    b.assume("tied", b.op(Op.LE, b.op(Op.MUL, squares, x), b.op(Op.ADD, n, 1000)))
    b.output(b.op(Op.WHERE, b.op(Op.EQ, squares, 50, name="nowhere"), 1, 0))
    found = by_name(suite_of(b.program()))
    assert isinstance(found["beyond", "true"], Unreachable)
    assert isinstance(found["nowhere", "false"], int)
    assert all(alone < whole[0] for alone in whole[1:])
