"""The report of an export: bytes against what compilers say, operations against what the evaluator does."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, arange, f32, fold, node, tanh
from syncml import state as register
from syncml.cli.report_json import ReportModel
from syncml.export_c import Options, package
from syncml.export_c.memory import Memory
from syncml.export_c.package import drafted
from syncml.export_c.plan import plan
from syncml.export_c.report.document import MEMORY_MAP, REPORT, report_text
from syncml.export_c.report.memory import Report, report
from syncml.export_c.report.operations import Operations
from syncml.export_c.targets import CORTEX_M3, CORTEX_M4F
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, If, Place, StepProgram
from syncml.ir.types import BOOL, F32, F64, TensorType
from syncml.lang.load import program_of
from syncml.nodes.convolution import Conv2d
from syncml.nodes.neural import relu
from syncml.pipeline import check, step_code
from tests.export_c.programs import ALL, add, at, inp, lit, machine, mul, out, program, slot, state
from tests.ir.step.test_overlay import chain, joined, padded_convolution, repeated, rows_by_matrix
from tests.support.step_machine import StepMachine, random_inputs
from tests.support.tools import needs, require

COMPILERS = {
    "host": ("gcc", "nm", ()),
    "32-bit x86": ("gcc", "nm", ("-m32", "-ffreestanding")),
    "cortex-m4f": ("arm-none-eabi-gcc", "arm-none-eabi-nm", ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard")),
}


def report_of(code: StepProgram, large: int | None = None) -> Report:
    options = Options() if large is None else Options(memory=Memory(large))
    return drafted(code, options).report


def padded() -> StepProgram:
    """A state with holes: a Boolean before a double, an odd number of bytes at the end."""
    flag, wide, bits = state("flag", BOOL, False), state("wide", F64, 0.0), state("bits", TensorType(BOOL, (3,)), False)
    y = out("y", F64)
    body = (Assign(at(y), add(at(wide), lit(1.0, F64))),)
    return program(machine("padded", (), (y,), body, states=(flag, wide, bits)))


PROGRAMS: dict[str, Callable[[], StepProgram]] = {**ALL, "padded": padded}


def sizes(folder: Path, code: StepProgram, compiler: str, options: Options | None = None) -> dict[str, int]:
    """The bytes of objects of the structs, and of constant arrays, as a compiler and its linker's tools see them."""
    command, names, flags = COMPILERS[compiler]
    exported = package(code, options)
    for path, data in exported.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    probe = f'#include "{exported.name}.h"\n' + "".join(
        f"extern unsigned char probe_{part}[sizeof({exported.name}_{part})];\n"
        f"unsigned char probe_{part}[sizeof({exported.name}_{part})];\n"
        for part in ("in", "out", "state")
    )
    (folder / "probe.c").write_text(probe)
    # Where there are no headers for it, 32-bit x86 compiles without a library.
    sources = ["probe.c"] if compiler == "32-bit x86" else [*exported.compiled, "probe.c"]
    found: dict[str, int] = {}
    for source in sources:
        line = [command, *flags, "-std=c99", "-ffp-contract=off", "-Iinclude", "-c", source, "-o", "object.o"]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        listing = subprocess.run([names, "-S", "object.o"], cwd=folder, capture_output=True, text=True, check=True)
        for row in listing.stdout.splitlines():
            fields = row.split()
            if len(fields) == 4:
                found[fields[3]] = int(fields[1], 16)
    return found


@pytest.mark.parametrize("make", PROGRAMS.values(), ids=PROGRAMS.keys())
@pytest.mark.parametrize("compiler", COMPILERS)
def test_structs_and_constants_have_the_bytes_of_the_compiler(
    make: Callable[[], StepProgram], compiler: str, tmp_path: Path
) -> None:
    require(COMPILERS[compiler][0])
    code = make()
    found, told = sizes(tmp_path, code, compiler), report_of(code)
    if compiler == "32-bit x86":
        assert found["probe_state"] == told.state_i386
        return
    assert (found["probe_in"], found["probe_out"]) == (told.inputs, told.outputs)
    assert found["probe_state"] == told.state
    for constant in told.constants:
        assert found[constant.name] == constant.bytes


def test_padding_is_counted() -> None:
    told = report_of(padded())
    assert (told.state, told.state_i386, told.values) == (24, 16, 12)


class Counting(StepMachine):
    """Counts the operations that it does on values; those in indices do not count."""

    def __init__(self, code: StepProgram) -> None:
        super().__init__(code)
        self.counts = {"additions": 0, "multiplications": 0}
        self.in_index = 0

    def value(self, expr: Expr) -> Any:
        self.in_index += isinstance(expr, Place)
        if isinstance(expr, Binary) and not self.in_index:
            kind = {BinaryOp.ADD: "additions", BinaryOp.MUL: "multiplications"}.get(expr.op)
            if kind is not None:
                self.counts[kind] += 1
        try:
            return super().value(expr)
        finally:
            self.in_index -= isinstance(expr, Place)

    def _write(self, place: Place, value: Any) -> None:
        self.in_index += 1
        super()._write(place, value)
        self.in_index -= 1


def test_operations_are_those_that_are_done() -> None:
    code = chain([padded_convolution, rows_by_matrix, repeated, joined])
    counting, inputs = Counting(code), random_inputs(code, 1, 3)
    counting.step(*(inputs[s.name][0] for s in code.machines[0].inputs))
    told = report_of(code).operations
    assert (told.additions, told.multiplications) == (counting.counts["additions"], counting.counts["multiplications"])


def test_of_branches_the_worst_counts_for_each_kind() -> None:
    on, x, y, t = inp("on", BOOL), inp("x", F32), out("y", F32), slot("t", F32)
    then = (Assign(at(t), mul(mul(at(x), at(x)), at(x))),)
    otherwise = (Assign(at(t), add(at(x), at(x))),)
    code = program(machine("m", (on, x), (y,), (If(at(on), then, otherwise), Assign(at(y), at(t))), locals_=(t,)))
    assert report_of(code).operations == Operations(additions=1, multiplications=2)


@needs("gcc")
def test_a_frame_without_optimisation_has_room_for_the_tensors(tmp_path: Path) -> None:
    code = chain([padded_convolution, rows_by_matrix])
    exported = package(code)
    for path, data in exported.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    line = ["gcc", "-std=c99", "-O0", "-ffp-contract=off", "-fstack-usage", "-Iinclude", "-c", "src/m.c"]
    subprocess.run(line, cwd=tmp_path, check=True)
    usage = next(tmp_path.glob("*.su")).read_text()
    (used,) = [int(number) for number in re.findall(r":m_step\t(\d+)", usage)]
    told = report_of(code).main
    assert told.stack <= used <= told.stack + 256


def test_the_plan_is_near_its_bound_and_the_bound_below_it() -> None:
    code = chain([padded_convolution, rows_by_matrix, padded_convolution, rows_by_matrix])
    apart, shared = report_of(code).main, report_of(code, large=1).main
    assert apart.separate == shared.separate >= apart.tensors >= 5 * 96
    assert shared.bound <= shared.scratch <= 1.3 * shared.bound


def test_the_document_is_of_its_schema_and_the_text_has_its_figures() -> None:
    files = package(chain([padded_convolution, repeated]), Options(memory=Memory(large=1))).files
    document = json.loads(files[REPORT])
    ReportModel.model_validate(document)
    text = report_text(document)
    assert f"{document['ram']['scratch']:,} bytes of scratch" in text and "shares memory" in text
    drawing = files[MEMORY_MAP].decode()
    assert drawing.count("<polygon") == 3 and "there" in drawing


def test_the_memory_of_separable_convolutions_is_near_its_bound_on_a_microcontroller() -> None:
    """Maps of many channels over short rows, as in the keyword network of MLPerf Tiny."""

    def weights(*shape: int) -> Any:
        return np.random.default_rng(sum(shape)).normal(scale=0.2, size=shape).astype(np.float32)

    deep = [Conv2d(weights(32, 1, 3, 3), padding="same", groups=32, name=f"deep{n}") for n in range(2)]
    point = [Conv2d(weights(32, 32, 1, 1), weights(32), name=f"point{n}") for n in range(2)]

    @node
    def separable(pixels: Stream[Mat[L[32], L[75]]]) -> Stream[Vec[L[32]]]:
        x = pixels.reshape(32, 15, 5)
        for one, two in zip(deep, point, strict=True):
            x = relu(two(relu(one(x))))
        return x.reshape(32, 75).max(axis=1)

    code = step_code(check(program_of(separable)), flat=False)
    for target in (CORTEX_M4F, CORTEX_M3):
        main = report(plan(schedule_loops(code, target.loops), Memory(stack=target.stack))).main
        padded_map, row = 4 * 32 * 17 * 7, 4 * 32 * 7
        assert padded_map < main.bound <= main.scratch <= 1.1 * main.bound, target.name
        assert main.scratch < padded_map + 4 * row, "two maps are never there side by side"


def test_what_a_fold_calls_again_and_again_has_scratch_once() -> None:
    """Rounds of a fold have a memory each, but their scratch is that of one: they come one after the other."""
    weights = np.eye(40, dtype=np.float32)

    @node
    def layer(x: Stream[Mat[L[40], L[40]]]) -> Stream[Mat[L[40], L[40]]]:
        return tanh(x @ weights)

    @node
    def slow(x: Stream[Mat[L[40], L[40]]]) -> Stream[Mat[L[40], L[40]]]:
        y = register(init=np.zeros((40, 40), np.float32))
        y.next = 0.5 * y + layer(x)
        return y.next

    @node
    def main(x: Stream[Mat[L[40], L[40]]]) -> Stream[f32]:
        return (fold(lambda y, _: layer(y), x)(arange(6)) + fold(lambda y, _: slow(y), x)(arange(6))).sum()

    code = step_code(check(program_of(main)), flat=False)
    planned = plan(code, Memory(stack=2000))
    found = {own.machine.name: own for own in planned.machines}
    extents = {i.machine: i.extent for i in planned.main.machine.instances}
    assert extents == {"fold": None, "fold_2": 6}
    assert [found[name].remembers for name in ("layer", "fold", "slow", "fold_2")] == [False, False, True, True]
    square = 4 * 40 * 40
    assert report(planned).values == 6 * square, "the memory is that of six rounds"
