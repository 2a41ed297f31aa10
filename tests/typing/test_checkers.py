"""mypy and pyright, both strict: silent about correct programs, and about wrong ones exactly where they are wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from syncml.lang.load import load_program

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

Found: TypeAlias = dict[tuple[Path, int], str]
"""The lines that a checker flags, and what it says."""


def mypy(paths: Sequence[Path], scratch: Path) -> Found:
    """The errors of mypy in each of `paths`."""
    command = [
        sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "--no-pretty",
        "--hide-error-context", "--cache-dir", str(scratch), *map(str, paths),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = re.findall(r"^(.*\.py):(\d+): error: (.*)", run.stdout, re.MULTILINE)
    assert bool(found) == bool(run.returncode), run.stdout + run.stderr
    return {((ROOT / path).resolve(), int(line)): message for path, line, message in found}


def pyright(paths: Sequence[Path], scratch: Path) -> Found:
    """The errors of pyright in each of `paths`."""
    settings = {
        "include": [str(path) for path in paths],
        "extraPaths": [str(ROOT), *sorted({str(path.parent) for path in paths})],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    config = scratch / "pyrightconfig.json"
    config.write_text(json.dumps(settings))
    command = [
        sys.executable, "-m", "basedpyright", "-p", str(config), "--pythonpath", sys.executable, "--level", "error",
        "--outputjson",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    report = json.loads(run.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(paths), run.stdout
    found: Found = {}
    for error in report["generalDiagnostics"]:
        path = Path(error["file"])
        # The parameters of a lambda have no type, and what is made of them has none.
        of_lambda = error.get("rule", "").startswith("reportUnknown") and "lambda" in path.read_text()
        if error["severity"] == "error" and not of_lambda:
            found[path, error["range"]["start"]["line"] + 1] = error["message"]
    return found


def announced(path: Path) -> set[int]:
    """The lines that say that they are wrong."""
    return {number for number, line in enumerate(path.read_text().splitlines(), 1) if line.endswith("# wrong")}


CHECKERS = [pytest.param(mypy, id="mypy"), pytest.param(pyright, id="pyright")]
Checker: TypeAlias = Callable[[Sequence[Path], Path], Found]


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_flags_what_is_wrong_in_programs_and_nothing_else(checker: Checker, tmp_path: Path) -> None:
    wrong = HERE / "bad.py"
    right = [
        HERE / "good.py",
        *sorted((ROOT / "tests" / "accept").glob("*.py")),
        *sorted((ROOT / "examples").glob("*.py")),
        *sorted((ROOT / "scenarios").glob("*/pipeline.py")),
    ]
    assert len(right) > 150
    found = checker([wrong, *right], tmp_path)
    assert {(path, line) for path, line in found if path != wrong} == set(), found
    assert {line for path, line in found if path == wrong} == announced(wrong)


def test_the_good_program_is_one() -> None:
    """What the checkers accept is a program of the language."""
    assert load_program(HERE / "good.py").main == "main"
