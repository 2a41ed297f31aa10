"""Regions of memory, and scratch in the state: what lies where, what compilers make of it, and what is refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from syncml.cli.memory_options import memory_of
from syncml.diagnostics.model import DiagnosticError
from syncml.export_c import Options, compile_and_run, export, package
from syncml.export_c.memory import Memory, Room
from syncml.export_c.package import drafted
from syncml.export_c.regions import Placed
from syncml.export_c.runner import same_bits
from syncml.export_c.targets import CORTEX_M4F, HOST
from syncml.ir.step.syntax import Assign, For, LoopIndex, StepProgram
from syncml.ir.types import F32, TensorType
from tests.export_c.compilers import COMPILERS, STRICT
from tests.export_c.programs import add, at, const, inp, machine, mul, out, program, state
from tests.export_c.test_report import sizes
from tests.ir.step.test_overlay import STEPS, chain, joined, padded_convolution, repeated, rows_by_matrix
from tests.support.step_machine import random_inputs, run
from tests.support.tools import require

IN_STATE = Options(memory=Memory(large=1, stack=0))


def weights() -> StepProgram:
    """A hot array of 12 bytes (30 readings), a cold one of 400 (one reading of each element), and a state of 4."""
    hot, cold = const("hot", TensorType(F32, (3,)), [1.0, 2.0, 3.0]), const("cold", TensorType(F32, (100,)), 0.5)
    x, y, total = inp("x", F32), out("y", F32), state("total", F32, 0.0)
    i, j, k = LoopIndex("i"), LoopIndex("j"), LoopIndex("k")
    inner = For(j, 3, (Assign(at(y), add(at(y), mul(at(x), at(hot, j)))),))
    body = (
        Assign(at(y), at(x)),
        For(i, 10, (inner,)),
        For(k, 100, (Assign(at(y), add(at(y), at(cold, k))),)),
        Assign(at(total), add(at(total), at(y))),
    )
    return program(machine("m", (x,), (y,), body, states=(total,), constants=(hot, cold)))


def placed(*rooms: tuple[str, int]) -> tuple[Placed, ...]:
    return drafted(weights(), Options(memory=Memory(regions=tuple(Room(*room) for room in rooms)))).regions


def test_hot_and_small_comes_first_and_into_the_first_region_with_room() -> None:
    fast, slow = placed(("fast", 24), ("slow", 400))
    assert [(t.name, t.bytes, t.accesses) for t in fast.things] == [("m_hot", 12, 30), ("state", 4, 2)]
    assert [(t.name, t.accesses) for t in slow.things] == [("m_cold", 100)]
    assert (fast.used, slow.used) == (24, 400)
    # An object that does not fit leaves its room to the next one.
    assert [[t.name for t in region.things] for region in placed(("a", 8), ("b", 416))] == [
        ["state"],
        ["m_hot", "m_cold"],
    ]


def test_what_fits_nowhere_is_refused_with_sizes_that_are_enough(tmp_path: Path) -> None:
    options = Options(memory=Memory(regions=(Room("fast", 24), Room("slow", 100))))
    with pytest.raises(DiagnosticError) as caught:
        export(weights(), tmp_path / "out", options)
    (fault,) = caught.value.diagnostics
    assert fault.code == "X006" and "`m_cold` (400 bytes)" in fault.message
    assert not (tmp_path / "out").exists()
    found = re.search(r"`--region fast=(\d+),slow=(\d+)`", fault.help or "")
    assert found is not None
    enough = int(found[1]), int(found[2])
    assert len(placed(("fast", enough[0]), ("slow", enough[1]))) == 2
    grown = [(n, size if size == before else size - 8) for n, size, before in zip("ab", enough, (24, 100), strict=True)]
    with pytest.raises(DiagnosticError):
        placed(*grown)


@pytest.mark.parametrize("text", ["fast", "=4K", "fast=", "fast=4G", "fast=-1", "fast=4K,fast=8K", "2nd=1K", ","])
def test_what_is_no_region_is_said(text: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        memory_of(HOST, None, text)
    assert [d.code for d in caught.value.diagnostics] == ["U001"]


def test_sizes_may_have_units() -> None:
    found = memory_of(CORTEX_M4F, "2k", "fast=16K, slow=1M,rest=100")
    assert found == Memory(stack=2048, regions=(Room("fast", 16384), Room("slow", 1 << 20), Room("rest", 100)))
    assert memory_of(CORTEX_M4F, None, None).stack == CORTEX_M4F.stack


@pytest.mark.parametrize("prefix", ["", "arm-none-eabi-"])
def test_a_build_that_defines_the_macros_has_the_sections(prefix: str, tmp_path: Path) -> None:
    require(f"{prefix}gcc")
    exported = package(weights(), Options(memory=Memory(regions=(Room("fast", 24), Room("slow", 400)))))
    for path, data in exported.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    readme = exported.files["README.md"].decode()
    flags = re.findall(r"-D'([^']+)'", readme)
    assert len(flags) == 2 and "M_REGION_FAST static m_state state;" in readme

    def sections(*defined: str) -> dict[str, int]:
        line = [f"{prefix}gcc", "-std=c99", "-Wall", "-Werror", "-Iinclude", *defined, "-c", "src/m_data.c"]
        subprocess.run([*line, "-o", "m.o"], cwd=tmp_path, check=True)
        listing = subprocess.run(
            [f"{prefix}objdump", "-h", "m.o"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return {name: int(size, 16) for name, size in re.findall(r"^ +\d+ (\S+) +([0-9a-f]{8})", listing.stdout, re.M)}

    assert sections(*(f"-D{flag}" for flag in flags)).items() >= {".fast": 12, ".slow": 400}.items()
    assert not {".fast", ".slow"} & sections().keys()


def test_scratch_in_the_state_is_counted_once_and_has_the_size_of_the_compiler(tmp_path: Path) -> None:
    code = chain([padded_convolution, rows_by_matrix, repeated])
    told = drafted(code, IN_STATE).report
    stacked = drafted(code, Options(memory=Memory(large=1))).report
    assert told.main.scratch == stacked.main.scratch and told.main.kept[0] == told.state > 0
    assert told.ram == told.state + told.main.stack and stacked.ram == stacked.state + stacked.main.stack
    assert told.main.stack == stacked.main.stack - told.state
    if shutil.which("gcc") is not None:
        assert sizes(tmp_path, code, "host", IN_STATE)["probe_state"] == told.state


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("options", [Options(memory=Memory(large=1)), IN_STATE], ids=["stack", "state"])
def test_shared_memory_is_clean_under_sanitizers_and_has_the_bits(compiler: str, options: Options) -> None:
    code = chain([padded_convolution, repeated, joined, rows_by_matrix])
    inputs = random_inputs(code, STEPS, 11)
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *STRICT)
    found = compile_and_run(code, inputs, STEPS, compiler, flags, options)
    assert same_bits(found.outputs["y"], np.asarray(run(code, inputs, STEPS)[0]["y"]))


def alignment_of_data(options: Options, folder: Path) -> int:
    """The alignment that a compiler gives the constants of `weights`, whose own is less than 64 at ``-Os``."""
    export(weights(), folder, options)
    command = ["gcc", *STRICT, "-Os", "-Iinclude", "-c", "src/m_data.c", "-o", "data.o"]
    subprocess.run(command, cwd=folder, check=True)
    found = subprocess.run(["readelf", "-SW", "data.o"], cwd=folder, check=True, capture_output=True, text=True)
    section = next(line for line in found.stdout.splitlines() if " .rodata " in line)
    return int(section.split()[-1])


def test_long_arrays_start_at_a_line_of_the_cache_where_there_are_vectors(tmp_path: Path) -> None:
    require("gcc", "readelf")
    tight = Memory(regions=(Room("all", 24 + 400),))
    assert alignment_of_data(Options(), tmp_path / "host") == 64
    assert alignment_of_data(Options(target=CORTEX_M4F), tmp_path / "m4f") < 64
    assert alignment_of_data(Options(memory=tight), tmp_path / "regions") < 64
    header = (tmp_path / "host" / "include" / "m_data.h").read_text()
    assert "m_cold[100] M_ALIGNED;" in header
    assert "m_hot[3];" in header
