"""The product of two nodes: proved, refuted with a run that replays, and what makes nodes impossible to compare."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.diagnostics import DiagnosticError
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.testing import first_failure
from syncml.verify import Semantics, VerificationReport, VerifyOptions, Violated, verify
from tests.verify.contracts import HEAD, replay, verdicts

COUNTERS = """
@node(rate=Hz(10))
def lag(x: Stream[i32], on: Stream[bool]) -> tuple[Stream[i32], Stream[bool]]:
    require((x >= 0) & (x < 100), "range")
    ensure(x < 50, "a promise that is no part of the question")
    return pre(x, init=0), once(on)

@node(rate=Hz(10))
def register(y: Stream[i32], go: Stream[bool]) -> tuple[Stream[i32], Stream[bool]]:
    s, seen = state(init=0), state(init=False)
    s.next = y
    now = go | seen
    seen.next = now
    return s, now

@node(rate=Hz(10))
def forgets(y: Stream[i32], go: Stream[bool]) -> tuple[Stream[i32], Stream[bool]]:
    s = state(init=0)
    s.next = where(y > 7, 7, y)
    return s, go | pre(go, init=False)

@node(rate=Hz(20))
def other(y: Stream[f32]) -> Stream[i32]:
    return constant(0, i32)
"""


def compare(folder: Path, first: str, second: str) -> VerificationReport:
    path = folder / "program.py"
    path.write_text(HEAD + COUNTERS, "utf-8")
    return verify(
        check_file(f"{path}:{first}=={second}").program, VerifyOptions(timeout=30.0, semantics=Semantics.REALS), replay
    )


def test_nodes_of_the_same_meaning_are_equal(tmp_path: Path) -> None:
    report = compare(tmp_path, "lag", "register")
    assert verdicts(report) == {"out_1 is the same": "proved", "out_2 is the same": "proved"}
    assert report.exit_code == 0


def test_a_difference_is_shown_on_the_same_inputs(tmp_path: Path) -> None:
    report = compare(tmp_path, "lag", "forgets")
    assert verdicts(report) == {"out_1 is the same": "violated", "out_2 is the same": "violated"}
    (first, _) = report.results
    assert isinstance(first.verdict, Violated)
    run = first.verdict.counterexample
    x, on = run.inputs["x"], run.inputs["on"]
    assert all(0 <= value < 100 for value in x)
    sides: list[int] = []
    for node, names in (("lag", ("x", "on")), ("forgets", ("y", "go"))):
        program = check_file(f"{tmp_path / 'program.py'}:{node}").program
        trace = interpret(program, dict(zip(names, (x, on), strict=True)), run.ticks).trace
        sides.append(trace.column(program.node(program.main).outputs[0].name).values[run.tick])
    assert sides[0] != sides[1]


def test_a_node_is_equal_to_itself_and_to_one_of_another_file(tmp_path: Path) -> None:
    assert set(verdicts(compare(tmp_path, "register", "register")).values()) == {"proved"}
    copy = tmp_path / "copy.py"
    copy.write_text(HEAD + COUNTERS, "utf-8")
    assert set(verdicts(compare(tmp_path, "register", f"{copy}:lag")).values()) == {"proved"}


def test_no_number_is_the_same_as_no_number(tmp_path: Path) -> None:
    """In the interpreter, where there are such values; a proof is about reals."""
    path = tmp_path / "nan.py"
    path.write_text(HEAD + "@node\ndef a(x: Stream[f32]) -> Stream[f32]:\n    return x * 1.0\n", "utf-8")
    (tmp_path / "nan.csv").write_text("x\nnan\n1.0\ninf\n", "utf-8")
    assert first_failure(f"{path}:a==a", "out is the same", tmp_path / "nan.csv") is None


def test_nodes_of_different_interfaces_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        compare(tmp_path, "lag", "other")
    assert [d.code for d in caught.value.diagnostics] == ["V012"] * 3


def test_lustre_nodes_are_compared_too(tmp_path: Path) -> None:
    path = tmp_path / "two.lus"
    path.write_text(
        "node a(x: int) returns (y: int); let y = 0 -> pre x + 1; tel\n"
        "node b(x: int) returns (y: int); let y = 0 -> 1 + pre x; tel\n"
        "node c(x: int) returns (y: int); let y = 0 -> pre (x + 2); tel\n",
        "utf-8",
    )
    for second, verdict in (("b", "proved"), ("c", "violated")):
        report = verify(
            check_file(f"{path}:a=={second}").program, VerifyOptions(timeout=30.0, semantics=Semantics.REALS), replay
        )
        assert verdicts(report) == {"y is the same": verdict}
