"""The idiom suite: complete against the printer, right with the compilers of this machine, and able to fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from syncml import pipeline
from syncml.export_c import Options, export
from syncml.export_c.evidence.idioms import all_constructs, constructs, idiom_files, idioms
from syncml.export_c.helpers import HELPERS
from syncml.export_c.interface import data_source, header, source
from syncml.export_c.plan import plan
from syncml.export_c.sources import sources
from syncml.export_c.targets import target_machine
from syncml.ir.elementary import ELEMENTARY, function
from syncml.ir.types import F32, F64
from tests.support.tools import needs

ROOT = Path(__file__).parents[2]
KNOWN = frozenset().union(*(constructs(idiom.tops) for idiom in idioms()))
EXPORTED = (
    "examples/modes.py",
    "examples/multirate.py",
    "examples/gru.py:level",
    "tests/accept/matrices.py",
    "tests/accept/integers_bits.py",
    "tests/accept/array_records.py",
    "tests/accept/automaton_nested.py",
)


def write(folder: Path) -> Path:
    for name, content in idiom_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def make(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(["make", "-s", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_construct_of_the_printer_has_an_idiom() -> None:
    assert all_constructs() <= KNOWN


def test_every_inline_function_has_an_idiom() -> None:
    names = {idiom.name for idiom in idioms()}
    assert {f"helper_{name}" for name in HELPERS} <= names
    assert {f"function_{function(op, kind).name}" for op in ELEMENTARY for kind in (F32, F64)} <= names


@pytest.mark.parametrize("target", EXPORTED)
def test_exported_code_has_no_other_constructs(target: str) -> None:
    checked = pipeline.on_machine(
        pipeline.check(pipeline.load(str(ROOT / target.partition(":")[0]) + target[len(target.partition(":")[0]) :]))
    )
    code = pipeline.step_code(checked, flat=False)
    planned, origins = plan(code), sources(code)
    trees = [*header(planned, origins), *source(planned, origins), *data_source(planned, origins)]
    assert constructs(trees) <= KNOWN


@needs("gcc")
def test_all_pass_with_a_compiler_of_this_machine(tmp_path: Path) -> None:
    code, output = make(write(tmp_path), "check", "CC=gcc", "OPT=-O2")
    assert code == 0, output
    assert f"all {len(idioms())} passed" in output


@needs("gcc")
def test_a_compiler_that_means_something_else_fails(tmp_path: Path) -> None:
    names = "NAMES=arithmetic_f32 branch"
    assert make(write(tmp_path), "check", "CC=gcc", names)[0] == 0
    flags = "FLAGS=-Dfloat=double"
    code, output = make(tmp_path, "check", "CC=gcc", names, flags, "WARN=")
    assert code != 0
    assert "arithmetic_f32: FAILED" in output
    assert "idioms: FAILED" in output


def test_the_programs_are_the_same_each_time() -> None:
    command = [sys.executable, "-c", "import hashlib; from syncml.export_c.evidence.idioms import idiom_files;"
               "print(hashlib.sha256(repr(sorted(idiom_files().items())).encode()).hexdigest())"]  # fmt: skip
    digests = {subprocess.run(command, env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, check=True).stdout for seed in ("1", "2")}  # fmt: skip
    assert len(digests) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", digests.pop())


@needs("arm-none-eabi-gcc", "qemu-system-arm")
def test_a_cross_compiler_is_tested_on_its_target(tmp_path: Path) -> None:
    target = target_machine("cortex-m4f")
    code = pipeline.step_code(pipeline.on_machine(pipeline.check_file(f"{ROOT}/examples/counter.py")), flat=False)
    export(code, tmp_path / "package", Options(target=target))
    rules = (tmp_path / "package" / "harness" / "target.mk").read_text()
    flags, emulator = (re.search(rf"^{name} *= (.*)$", rules, re.MULTILINE) for name in ("TARGET_FLAGS", "QEMU"))
    assert flags is not None
    assert emulator is not None
    harness = tmp_path / "package" / "harness"
    link = f"--specs=rdimon.specs -T {harness}/memory.ld {harness}/startup.c"
    run = f"{emulator[1]} -semihosting-config enable=on,target=native -kernel"
    names = "NAMES=arithmetic_f32 division_i64 state table helper_shr_i32 function_tanh_f32"
    arguments = ("CC=arm-none-eabi-gcc", f"FLAGS={flags[1]} {link}", "WARN=-Wall", f"RUN={run}", names)
    status, output = make(write(tmp_path / "idioms"), "check", *arguments)
    assert status == 0, output
    assert "all 6 passed" in output
