"""Kept verdicts: what has not changed is not decided again, and nothing is believed that was not decided."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import Proved, Semantics, VerificationReport, VerifyOptions, Violated, verify
from syncml.verify.certificate import certificates
from syncml.verify.recheck import Outcome, recheck
from syncml.verify.session import Session

PROGRAM = """\
from syncml import Stream, assume, clip, ensure, f32, i16, invariant, node, state, where


@node
def counter(up: Stream[bool]) -> Stream[i16]:
    n = state(init=0, type=i16)
    n.next = where(up & (n < 10), n + 1, n)
    ensure(n <= 10, "ten")
    return n


@node
def main(up: Stream[bool], down: Stream[bool], x: Stream[f32]) -> Stream[f32]:
    assume(x <= 50.0, "sensor")
    first = counter(up)
    second = counter(down)
    level = state(init=0.0)
    level.next = clip(level + x, 0.0, 9.0)
    invariant(level >= 0.0, "not negative")
    ensure(level <= 9.0, "nine")
    ensure(level <= 8.0, "eight")
    return level
"""


class Runs:
    """The interpreter, and how often it was asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
        self.count += 1
        return interpret(program, inputs, ticks).trace


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the clauses that are open when a search begins, for each session."""
    found: list[list[str]] = []
    run = Session.run

    def watched(self: Session, **how: bool) -> None:
        found.append(self.open())
        run(self, **how)

    monkeypatch.setattr(Session, "run", watched)
    return found


def verdict_files(folder: Path) -> list[Path]:
    """The kept verdicts; what was tried in vain is kept beside them."""
    return [path for path in sorted((folder / "cache").rglob("*.json")) if "failures" not in path.parts]


def decide(folder: Path, source: str = PROGRAM, runs: Runs | None = None, **options: Any) -> VerificationReport:
    path = folder / "p.py"
    path.write_text(source, "utf-8")
    chosen = VerifyOptions(**{"timeout": 30.0, "cache": folder / "cache", **options})
    return verify(check_file(str(path)).program, chosen, runs or Runs())


def verdicts(report: VerificationReport) -> dict[str, str]:
    return {r.name: type(r.verdict).__name__ for r in report.results}


def cached(report: VerificationReport) -> set[str]:
    return {r.name for r in report.results if isinstance(r.verdict, Proved) and r.verdict.cached}


def proved(report: VerificationReport) -> set[str]:
    return {r.name for r in report.results if isinstance(r.verdict, Proved)}


def test_what_has_not_changed_is_not_decided_again(tmp_path: Path, sessions: list[list[str]]) -> None:
    first = decide(tmp_path)
    assert verdicts(first)["eight"] == "Violated"
    assert cached(first) == set()
    runs = Runs()
    second = decide(tmp_path, runs=runs)
    assert sessions[-1] == []
    assert verdicts(second) == verdicts(first)
    assert cached(second) == proved(first)
    assert runs.count == 1


def test_names_and_other_parts_of_the_program_do_not_matter(tmp_path: Path) -> None:
    decide(tmp_path)
    changed = PROGRAM.replace("level", "height").replace('"nine"', '"other name"')
    changed = changed.replace("    return height\n", '    ensure(where(up, x, -x) <= 1e30, "new")\n    return height\n')
    second = decide(tmp_path, changed)
    assert proved(second) - cached(second) <= {"new"}
    assert "other name" in cached(second)


@pytest.mark.parametrize(
    ("old", "new", "anew"),
    [
        ("(n < 10)", "(n < 9)", {"counter.ten", "counter_2.ten"}),
        ("0.0, 9.0)", "0.5, 9.0)", {"nine", "not negative"}),
        ("state(init=0.0)", "state(init=1.0)", {"nine", "not negative"}),
        ("x <= 50.0", "x <= 51.0", {"nine", "not negative", "counter.ten", "counter_2.ten"}),
        ("level <= 9.0", "level <= 9.5", {"nine"}),
    ],
)
def test_what_has_changed_is_decided_again(tmp_path: Path, old: str, new: str, anew: set[str]) -> None:
    before = decide(tmp_path)
    assert old in PROGRAM
    after = decide(tmp_path, PROGRAM.replace(old, new))
    assert proved(before) == proved(after)
    assert anew <= proved(after) - cached(after)


def test_a_property_that_breaks_is_not_taken_from_the_store(tmp_path: Path) -> None:
    decide(tmp_path)
    broken = decide(tmp_path, PROGRAM.replace("0.0, 9.0)", "-1.0, 10.0)"))
    assert verdicts(broken)["nine"] == verdicts(broken)["not negative"] == "Violated"
    assert {"counter.ten", "counter_2.ten"} <= cached(broken)


def test_options_that_change_what_a_proof_means_keep_verdicts_apart(tmp_path: Path) -> None:
    decide(tmp_path)
    assert cached(decide(tmp_path, engines=("induction", "bmc"))) == set()
    assert "counter.ten" not in cached(decide(tmp_path, semantics=Semantics.IDEAL))
    assert cached(decide(tmp_path, cache=None)) == set()


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "another", "list", "folder"])
def test_a_damaged_entry_is_passed_over(tmp_path: Path, damage: str) -> None:
    first = decide(tmp_path)
    entries = verdict_files(tmp_path)
    assert entries
    texts = [path.read_text() for path in entries]
    for number, path in enumerate(entries):
        text = texts[number]
        match damage:
            case "empty":
                path.write_text("")
            case "cut":
                path.write_text(text[: len(text) // 2])
            case "changed":
                document = json.loads(text)
                document["body"] |= {"proofs": [], "scope": ""}
                path.write_text(json.dumps(document))
            case "another":
                path.write_text(texts[number - 1])
            case "list":
                path.write_text("[1, 2]")
            case _:
                path.unlink()
                path.mkdir()
    second = decide(tmp_path)
    assert cached(second) == set()
    assert verdicts(second) == verdicts(first)


def test_a_run_that_violates_nothing_is_not_believed(tmp_path: Path) -> None:
    decide(tmp_path)
    from syncml.verify.store import _checksum

    changed = 0
    for path in verdict_files(tmp_path):
        document = json.loads(path.read_text())
        if "trace" in document["body"]:
            document["body"]["trace"] = [dict.fromkeys(instant, "0") for instant in document["body"]["trace"]]
            document["checksum"] = _checksum(document["body"])
            path.write_text(json.dumps(document))
            changed += 1
    assert changed
    second = decide(tmp_path)
    [eight] = [r.verdict for r in second.results if r.name == "eight"]
    assert isinstance(eight, Violated)


def test_what_is_undecided_is_not_kept(tmp_path: Path) -> None:
    first = decide(tmp_path, engines=("bmc",), timeout=2.0, semantics=Semantics.REALS)
    assert verdicts(first)["nine"] == "Unknown"
    kept = [json.loads(path.read_text())["body"] for path in verdict_files(tmp_path)]
    assert kept
    assert all("trace" in body for body in kept)


def test_nothing_is_kept_where_the_assumptions_contradict_each_other(tmp_path: Path) -> None:
    report = decide(tmp_path, PROGRAM.replace('x <= 50.0, "sensor"', '(x <= 50.0) & (x >= 60.0), "sensor"'))
    assert [w.code for w in report.warnings] == ["V002"]
    assert not verdict_files(tmp_path)


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert verdicts(decide(tmp_path)) == verdicts(decide(tmp_path, cache=None))


@pytest.mark.parametrize("engines", [(), ("spacer",)])
def test_a_kept_proof_keeps_its_certificate(tmp_path: Path, engines: tuple[str, ...]) -> None:
    """Also where names have changed: an invariant speaks of the streams of the new program."""
    decide(tmp_path, engines=engines, semantics=Semantics.IDEAL)
    renamed = PROGRAM.replace("level", "height")
    report = decide(tmp_path, renamed, engines=engines, semantics=Semantics.IDEAL)
    assert "nine" in cached(report)
    for derivation in report.derivations:
        for each in certificates(derivation, "p.py", derivation.proofs):
            assert recheck(each.text, "z3", 20.0).outcome is Outcome.ACCEPTED
