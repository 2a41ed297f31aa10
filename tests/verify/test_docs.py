"""The programs in the pages about verification, and counterexamples as tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import Proved, Result, VerifyOptions, Violated, regression_test, verify

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def replay(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
    return interpret(program, inputs, ticks).trace


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((DOCS / page).read_text("utf-8"))


def line(result: Result) -> str:
    match result.verdict:
        case Proved():
            return f"{result.name}: proved"
        case Violated(found):
            return f"{result.name}: violated at tick {found.tick}"
        case _:
            return f"{result.name}: unknown"


def results(path: Path) -> tuple[Result, ...]:
    return verify(check_file(str(path)).program, VerifyOptions(timeout=30.0), replay).results


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    (_, program), _ = blocks("reference/verification.md")
    path = tmp_path / "counter.py"
    path.write_text(program, "utf-8")
    return path


def test_the_verdicts_of_the_reference_page(counter: Path) -> None:
    _, (_, expected) = blocks("reference/verification.md")
    assert [line(r) for r in results(counter)] == expected.splitlines()


def test_the_question_of_the_how_to_page(counter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(counter.parent)
    ((_, program),) = blocks("how-to/counterexamples.md")
    exec(compile(program, "how-to", "exec"), {})


def test_a_counterexample_is_a_test_that_passes_once_the_program_is_repaired(counter: Path) -> None:
    (violated,) = (r for r in results(counter) if isinstance(r.verdict, Violated))
    test = counter.with_name("test_nine.py")
    test.write_text(regression_test(str(counter), {}, violated), "utf-8")

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(counter.parent)]
        return subprocess.run([*command, str(test)], capture_output=True, text=True, cwd=DOCS.parent)

    first = run()
    assert first.returncode == 1
    assert "violated at tick 10" in first.stdout
    counter.write_text(counter.read_text("utf-8").replace("(n < 10)", "(n < 9)"), "utf-8")
    assert run().returncode == 0, run().stdout


def test_a_property_that_holds_has_no_test(counter: Path) -> None:
    with pytest.raises(ValueError, match="no counterexample"):
        regression_test(str(counter), {}, results(counter)[0])
