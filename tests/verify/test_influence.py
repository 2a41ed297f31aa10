"""State that influences nothing, and conditions that never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.pipeline import Checked, check_file
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import VerifyOptions, constant_conditions
from syncml.verify.influence import without_influence

HEAD = """import enum
from syncml import Hz, Stream, assume, ensure, f32, fby, hold, i32, node, pre, sample, state, when, where, arrow
class Mode(enum.Enum):
    OFF = 0
    ON = 1
    BROKEN = 2
"""


def program(tmp_path: Path, text: str) -> Checked:
    file = tmp_path / "program.py"
    file.write_text(HEAD + text, "utf-8")
    return check_file(str(file))


def replay(checked: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
    return interpret(checked, inputs, ticks).trace


def idle(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    found = without_influence(program(tmp_path, text).program)
    lines = HEAD.count("\n")
    return [(d.span.line - lines, d.message) for d in found if d.span is not None]


def test_what_reads_itself_only_influences_nothing(tmp_path: Path) -> None:
    text = """@node
def main(x: Stream[f32]) -> Stream[f32]:
    count = state(init=0, type=i32)
    count.next = count + 1
    return x
"""
    assert idle(tmp_path, text) == [(3, "no output and no contract depends on `count`, which needs state")]


def test_the_last_value_of_a_chain_is_reported_once(tmp_path: Path) -> None:
    text = """@node
def main(x: Stream[f32]) -> Stream[f32]:
    slow = fby(0.0, x)
    slower = fby(0.0, slow)
    difference = slow - slower
    return x
"""
    assert idle(tmp_path, text) == [(5, "no output and no contract depends on `difference`, which needs state")]


@pytest.mark.parametrize(
    "use",
    [
        "return x + cast",
        "ensure(count >= 0, 'positive')\n    return x",
        "return where(count > 3, x, 0.0)",
        "return hold(when(x, count > 3), init=0.0)",
    ],
)
def test_an_output_a_contract_and_a_clock_are_influences(tmp_path: Path, use: str) -> None:
    text = f"""@node
def main(x: Stream[f32]) -> Stream[f32]:
    count = state(init=0, type=i32)
    count.next = count + 1
    cast = where(count > 2, 1.0, 2.0)
    {use}
"""
    # What has no state may be there for its trace.
    assert [message for _, message in idle(tmp_path, text) if "`cast`" not in message] == []


def test_a_result_that_one_caller_ignores_is_no_fault(tmp_path: Path) -> None:
    text = """@node
def both(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return fby(0.0, x), fby(1.0, x)
@node
def main(x: Stream[f32]) -> Stream[f32]:
    first_, _ = both(x)
    return first_
"""
    assert idle(tmp_path, text) == []


def constant(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    checked = program(tmp_path, text)
    found = constant_conditions(checked.program, VerifyOptions(timeout=60.0), replay)
    lines = HEAD.count("\n")
    return [(d.span.line - lines, d.message) for d in found if d.span is not None]


def test_a_condition_that_an_assumption_excludes_is_vacuous(tmp_path: Path) -> None:
    text = """@node
def main(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0), "range")
    far = x > 2.0
    near = x > 0.5
    return where(far, 2.0, where(near, 1.0, x))
"""
    assert constant(tmp_path, text) == [(4, "`far` is never true")]


def test_a_counter_that_never_arrives_is_vacuous(tmp_path: Path) -> None:
    text = """@node
def main() -> Stream[i32]:
    count = state(init=0, type=i32)
    arrived = count >= 8
    count.next = where(count == 5, 0, count + 1)
    return where(arrived, -1, count)
"""
    assert constant(tmp_path, text) == [(4, "`arrived` is never true")]


def test_nothing_is_said_of_what_changes(tmp_path: Path) -> None:
    text = """@node
def main(x: Stream[f32]) -> Stream[f32]:
    count = state(init=0, type=i32)
    count.next = where(count == 5, 0, count + 1)
    return arrow(0.0, where(count > 3, x, pre(x)))
"""
    assert constant(tmp_path, text) == []


def test_a_constructor_that_is_never_chosen_is_named(tmp_path: Path) -> None:
    text = """from syncml import merge
@node
def main(go: Stream[bool]) -> Stream[i32]:
    mode = state(init=Mode.OFF)
    mode.next = where(go, Mode.ON, mode)
    return merge(mode, {Mode.OFF: 0, Mode.ON: 1, Mode.BROKEN: 2})
"""
    assert constant(tmp_path, text) == [(4, "`mode` is never BROKEN")]


def test_what_resets_a_call_is_an_influence(tmp_path: Path) -> None:
    text = """from syncml import reset_every
@node
def counted(x: Stream[f32]) -> Stream[i32]:
    last = state(init=0, type=i32)
    last.next = last + 1
    return last
@node
def main(x: Stream[f32]) -> Stream[i32]:
    before = fby(0.0, x)
    with reset_every(before > x):
        n = counted(x)
    return n
"""
    assert idle(tmp_path, text) == []


def test_a_reset_that_never_fires_is_vacuous(tmp_path: Path) -> None:
    text = """from syncml import reset_every
@node
def counted(x: Stream[f32]) -> Stream[i32]:
    last = state(init=0, type=i32)
    last.next = last + 1
    return last
@node
def main(x: Stream[f32]) -> tuple[Stream[i32], Stream[i32]]:
    with reset_every((x > 1.0) & (x < 0.0)):
        never = counted(x)
    with reset_every(x > 1.0):
        sometimes = counted(x)
    return never, sometimes
"""
    assert constant(tmp_path, text) == [(9, "this condition is never true")]
