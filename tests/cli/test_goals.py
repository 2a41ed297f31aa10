"""Goals and modes on the command line: text, JSON against the schema, SARIF, files, simulation, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from syncml.cli.exit import ExitCode
from syncml.cli.schemas import schema_file

PROGRAM = """
from syncml import Stream, cover, ensure, i32, mode, node, state, where

@node
def count(up: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(up & (n < 9), n + 1, n)
    cover(n == {goal}, "goal", req="SR-4")
    mode("low", require=n < 5, ensure={{"less": n < 9}})
    mode("high", require=n >= 5)
    mode("none", require=n > 9, req="SR-5")
    return n
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[int], Path]:
    def write(goal: int) -> Path:
        path = tmp_path / "count.py"
        path.write_text(PROGRAM.format(goal=goal), "utf-8")
        return path

    return write


@pytest.mark.parametrize(("goal", "verdict", "code"), [(3, "reached", ExitCode.OK), (10, "unreachable", 1)])
def test_a_goal_in_every_format(
    syncml: Callable[..., Any], program: Callable[[int], Path], goal: int, verdict: str, code: int, tmp_path: Path
) -> None:
    path = program(goal)
    shown = syncml("verify", str(path), "-o", str(tmp_path / "out"))
    assert shown.code == code
    assert ("cover 'goal' of count is reached at tick 3" in shown.out) == (verdict == "reached")
    assert ("3  goal = n == 3   is true; n = 3   (line 8)" in shown.out) == (verdict == "reached")
    assert ("error[V010]: cover 'goal' of count is never reached" in shown.out) == (verdict == "unreachable")
    assert "warning[V010]: mode 'none' of count is never reached" in shown.out
    assert (tmp_path / "out" / "goal.csv").is_file() == (verdict == "reached")

    junit = (tmp_path / "out" / "report.xml").read_text("utf-8")
    assert f'failures="{code}"' in junit, "a mode that is never active is no failure"

    document = json.loads(syncml("verify", str(path), "--format", "json").out)
    jsonschema.validate(document, json.loads(schema_file("verify").read_text("utf-8")))
    found = {p["name"]: p for p in document["properties"]}
    assert (found["goal"]["kind"], found["goal"]["verdict"]) == ("cover", verdict)
    assert (found["goal"]["trace"] is not None) == (verdict == "reached")
    requirements = {r["id"]: r["verdict"] for r in document["requirements"]}
    assert requirements == {"SR-4": "proved" if code == ExitCode.OK else "violated", "SR-5": "unreachable"}
    assert found["low"]["verdict"] == found["high"]["verdict"] == "reached"
    assert found["none"]["verdict"] == "unreachable"

    sarif = json.loads(syncml("verify", str(path), "--format", "sarif").out)
    levels = {(r["ruleId"], r["level"]) for r in sarif["runs"][0]["results"] if r["level"] in ("error", "warning")}
    assert levels == {("V010", "warning")} | ({("V010", "error")} if verdict == "unreachable" else set())


def test_the_inputs_of_a_reached_goal_reach_it_in_a_simulation(
    syncml: Callable[..., Any], program: Callable[[int], Path], tmp_path: Path
) -> None:
    path = program(3)
    syncml("verify", str(path), "-o", str(tmp_path / "out"))
    shown = syncml("sim", str(path), "--input", str(tmp_path / "out" / "goal.csv"))
    assert shown.code == ExitCode.OK
    (line,) = (line for line in shown.out.splitlines() if line.startswith("goal"))
    assert line.split() == ["goal", "cover", "reached", "4", "tick", "3"]
    document = json.loads(
        syncml("sim", str(path), "--input", str(tmp_path / "out" / "goal.csv"), "--format", "json").out
    )
    jsonschema.validate(document, json.loads(schema_file("sim").read_text("utf-8")))
    (goal,) = (c for c in document["contracts"] if c["name"] == "goal")
    assert (goal["kind"], goal["failures"], goal["first_failure"]) == ("cover", 1, 3)


def test_two_names_for_the_node_are_one_too_many(syncml: Callable[..., Any], program: Callable[[int], Path]) -> None:
    shown = syncml("verify", str(program(3)), "--node", "count", "--equal", "count", "count")
    assert shown.code == ExitCode.USAGE
    assert "U001" in shown.out + shown.err
