"""mypy and pyright, both strict: silent about correct programs, and about wrong ones exactly where they are wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from syncml.lang.load import load_program

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def mypy(path: Path, scratch: Path) -> dict[int, str]:
    """The lines of `path` that mypy flags, and what it says."""
    command = [
        sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", "--no-pretty",
        "--hide-error-context", "--cache-dir", str(scratch), str(path),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = re.findall(rf"{re.escape(path.name)}:(\d+): error: (.*)", run.stdout)
    assert bool(found) == bool(run.returncode), run.stdout + run.stderr
    return {int(line): message for line, message in found}


def pyright(path: Path, scratch: Path) -> dict[int, str]:
    """The lines of `path` that pyright flags, and what it says."""
    settings = {
        "include": [str(path)],
        "extraPaths": [str(ROOT)],
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
    assert report["summary"]["filesAnalyzed"] >= 1, run.stdout
    errors = [found for found in report["generalDiagnostics"] if found["severity"] == "error"]
    return {found["range"]["start"]["line"] + 1: found["message"] for found in errors}


def announced(path: Path) -> set[int]:
    """The lines that say that they are wrong."""
    return {number for number, line in enumerate(path.read_text().splitlines(), 1) if line.endswith("# wrong")}


CHECKERS = [pytest.param(mypy, id="mypy"), pytest.param(pyright, id="pyright")]


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("name", ["good.py", "bad.py"])
def test_a_checker_flags_what_is_wrong(
    checker: Callable[[Path, Path], dict[int, str]], name: str, tmp_path: Path
) -> None:
    path = HERE / name
    found = checker(path, tmp_path)
    assert set(found) == announced(path), found


def test_the_good_program_is_one() -> None:
    """What the checkers accept is a program of the language."""
    assert load_program(HERE / "good.py").main == "main"
