"""The comparison of verifiers: what their outputs mean, and that a contradiction is seen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.verify import run, tools

PROGRAM = """node top(a: bool) returns (ok, other: bool);
var n: int;
let
  n = 0 -> if a then pre n + 1 else pre n;
  ok = n >= 0;
  other = n <= 1;
  --%PROPERTY ok;
  --%PROPERTY other;
tel
"""

SAID = """property     kind       node   verdict    method        k   time     line
property 7   ensure     top    proved     k-induction   1   0.45 s   7
property 8   ensure     top    violated   replayed      3   0.45 s   8
overflow:n   overflow   top    unknown                  3   0.45 s   4
1 proved, 1 violated, 1 unknown in 1.0 s
property 7   ensure     top    violated   the report is over
"""

KIND2 = """[{"objectType" : "log"},, {
  "objectType" : "property", "name" : "ok", "isCandidate" : "false", "line" : 7,
  "answer" : {"source" : "bmc", "value" : "falsifiable"}, "counterExample" : [{"line" : 1}]
}, {
  "objectType" : "property", "name" : "a[l1].ok", "isCandidate" : "false", "line" : 7,
  "answer" : {"source" : "ind", "value" : "valid"}
}, {
  "objectType" : "property", "name" : "guess", "isCandidate" : "true", "line" : 9,
  "answer" : {"source" : "ind", "value" : "valid"}
"""

JKIND = """VALID PROPERTIES: [other] || k-induction
    --^^--        SUMMARY          --^^--
VALID PROPERTIES: [ok]

INVALID PROPERTIES: [other]
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.lus"
    file.write_text(PROGRAM)
    return file


def tool(name: str, text: str, program: Path) -> tools.Run:
    verdicts, added = {
        "syncml": tools.read_syncml, "Kind 2": tools.read_kind2, "JKind": tools.read_jkind,
    }[name](text, program)  # fmt: skip
    return tools.Run(verdicts, added, 1.0, 0.5, "")


def test_what_the_tools_say(program: Path) -> None:
    ours = tool("syncml", SAID, program)
    assert ours.verdicts == {7: "valid", 8: "invalid"}
    assert ours.added == 1
    assert ours.outcome == "invalid"
    assert tool("Kind 2", KIND2, program).verdicts == {7: "invalid"}
    assert tool("JKind", JKIND, program).verdicts == {7: "valid", 8: "invalid"}
    assert tool("syncml", "error[L001]: no", program).outcome == "not read"


def test_the_table_ends_where_a_message_has_its_columns(program: Path) -> None:
    table = """property                 kind       node   verdict    method     k   time     line
property 87              ensure     top    violated   replayed   2   0.28 s   87
error[V004]: ensure 'property 87' of top is violated
"""
    assert tool("syncml", table, program).verdicts == {87: "invalid"}


def test_a_contradiction_is_named(program: Path) -> None:
    runs = {name: tool(name, text, program) for name, text in (("syncml", SAID), ("Kind 2", KIND2), ("JKind", JKIND))}
    assert list(run.contradictions(runs)) == ["line 7: syncml valid, Kind 2 invalid, JKind valid"]
    del runs["Kind 2"]
    assert list(run.contradictions(runs)) == []


def test_a_tool_that_hangs_is_ended_with_all_that_it_started(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "GRACE", 0.2)
    hangs = tools.Tool("none", (sys.executable, "-c", "import time; time.sleep(60)"), tools.read_syncml, {})
    assert hangs.run(program, 0.2).wall < 30


def test_a_small_suite_from_the_sample_to_the_tables(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main([str(tmp_path), "--count", "1", "--output", str(tmp_path / "out")]) == 0
    assert "1 files, 0 contradictions" in capsys.readouterr().out
    rows = (tmp_path / "out" / "properties.csv").read_text().splitlines()
    assert rows == ["file,line,tool,verdict", "program.lus,7,syncml,valid", "program.lus,8,syncml,invalid"]
    assert (tmp_path / "out" / "runs.csv").read_text().splitlines()[1].startswith("program.lus,syncml,invalid,2,0,")
