"""The examples and the flagship as packages: no compiler warns, no sanitizer finds anything, the bytes are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from syncml.cli.recording import random_inputs, record
from syncml.export_c import Options, Vectors, export
from syncml.ir.step.lowering import Executive
from syncml.pipeline import Checked, check_file, on_machine, step_code
from tests.export_c.test_package import make
from tests.support.flagship import PIPELINE
from tests.support.tools import needs

ROOT = Path(__file__).parents[2]
PROGRAMS = {name: f"{ROOT}/examples/{name}" for name in ("cruise.py:cruise", "follow.py", "gru.py:level", "adapt.py")}
PROGRAMS["flagship"] = str(PIPELINE)
TICKS = 40


@cache
def recorded(name: str) -> tuple[Checked, Vectors]:
    checked = on_machine(check_file(PROGRAMS[name]))
    return checked, record(checked, random_inputs(checked.main, TICKS, 3), TICKS)


def exported(name: str, executive: Executive, folder: Path) -> None:
    checked, vectors = recorded(name)
    export(step_code(checked, flat=False, executive=executive), folder, Options(vectors))


@needs("gcc", "clang", "make")
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("executive", [Executive.SINGLE, Executive.CYCLIC], ids=lambda e: e.value)
def test_no_compiler_warns(name: str, executive: Executive, tmp_path: Path) -> None:
    """The makefile has -std=c99 -Wall -Wextra -Wconversion -Wdouble-promotion -Wshadow -pedantic -Werror."""
    exported(name, executive, tmp_path)
    text = (tmp_path / "Makefile").read_text()
    assert all(f" {w} " in text for w in ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-pedantic"))
    for compiler in ("gcc", "clang"):
        done = make(tmp_path, "check", f"CC={compiler}", "OPT=-O1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{TICKS} steps" in done.stdout


@needs("gcc", "make")
@pytest.mark.parametrize("executive", [Executive.SINGLE, Executive.CYCLIC], ids=lambda e: e.value)
def test_no_sanitizer_finds_anything(executive: Executive, tmp_path: Path) -> None:
    exported("flagship", executive, tmp_path)
    done = make(tmp_path, "sanitize")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "runtime error" not in done.stderr


DIGESTS = """
import sys
from hashlib import sha256
from syncml.export_c import package
from syncml.ir.step.lowering import Executive
from syncml.pipeline import check_file, step_code
for target, executive in zip(sys.argv[1::2], sys.argv[2::2]):
    files = package(step_code(check_file(target), flat=False, executive=Executive(executive))).files
    print([(name, sha256(data).hexdigest()) for name, data in files.items()])
"""
TASKS = """
from syncml import Hz, Stream, f32, fby, hold, node, sample, tanh


@node
def slow(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return tanh(x) * y + fby(0.0, x)


@node(rate=Hz(100))
def main(x: Stream[f32], y: Stream[f32], z: Stream[f32]) -> Stream[f32]:
    one = hold(fby(0.0, slow(sample(x, to=Hz(10)), sample(y, to=Hz(10)))), init=0.0)
    two = hold(fby(0.0, slow(sample(z, to=Hz(20)), sample(one, to=Hz(20)))), init=0.0)
    return x + y + z + one + two
"""


def test_the_hash_seed_changes_no_byte(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.py"
    tasks.write_text(TASKS)
    arguments = [PROGRAMS["flagship"], "single", PROGRAMS["flagship"], "cyclic", str(tasks), "tasks"]
    printed = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS, *arguments],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert printed.pop().count("main_.c") == 1
