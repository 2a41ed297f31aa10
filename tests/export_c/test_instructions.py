"""The estimate of instructions: what is counted, and that an emulator counts about as many."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, constant, f32, f64, i32, node, where, window
from syncml.cli.recording import random_inputs
from syncml.export_c import instructions_per_step
from syncml.export_c.memory import Memory
from syncml.export_c.plan import plan
from syncml.export_c.report.instructions import estimate, work
from syncml.export_c.report.memory import report
from syncml.export_c.report.worst_case import Tally
from syncml.export_c.targets import CORTEX_M3, CORTEX_M4F, TARGETS, InstructionTable, TargetMachine
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.syntax import StepProgram
from syncml.lang.load import program_of
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import Dense, relu
from syncml.nodes.pooling import max_pool
from syncml.pipeline import Checked, check, check_file, on_machine, step_code
from tests.support.tools import needs

EXAMPLES = Path(__file__).parents[2] / "examples"
RNG = np.random.default_rng(1)


def drawn(*extents: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (RNG.normal(size=extents) * 0.2).astype(np.float32)


LAYERS = [Dense(drawn(*s), drawn(s[0]), relu, f"layer_{k}") for k, s in enumerate([(64, 8), (64, 64), (2, 64)])]
CONV = Conv1d(drawn(6, 4, 3), drawn(6), channels_last=True, activation=relu, name="conv")
INTEGERS = constant(RNG.integers(-9, 9, size=(24, 16)).astype(np.int32), name="integers")
DOUBLES = constant(RNG.normal(size=(24, 16)), name="doubles")


@node
def dense(x: Stream[Vec[L[8]]]) -> Stream[Vec[L[2]]]:
    for layer in LAYERS:
        x = layer(x)
    return x


@node
def convolution(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[6]]]:
    return max_pool(CONV(window(x, 12)), (10,), channels_last=True).reshape(6)


@node
def integers(x: Stream[Vec[L[16], i32]]) -> Stream[Vec[L[24], i32]]:
    return INTEGERS @ x


CORPUS = {
    "dense": lambda: check(program_of(dense)),
    "convolution": lambda: check(program_of(convolution)),
    "integers": lambda: check(program_of(integers)),
    "recurrent": lambda: check_file(f"{EXAMPLES}/gru.py:level"),
    "controller": lambda: check_file(f"{EXAMPLES}/cruise.py:cruise"),
}


def estimated(code: StepProgram, target: TargetMachine) -> int:
    return estimate(report(plan(schedule_loops(code, target.loops), Memory())).work, target.instructions)


@needs("arm-none-eabi-gcc", "qemu-system-arm")
@pytest.mark.parametrize("target", [CORTEX_M4F, CORTEX_M3], ids=lambda target: target.name)
@pytest.mark.parametrize("name", CORPUS)
def test_an_emulator_counts_about_as_many(name: str, target: TargetMachine) -> None:
    checked: Checked = on_machine(CORPUS[name]())
    code = step_code(checked, flat=False)
    counted = instructions_per_step(code, random_inputs(checked.main, 40, 1), 40, target).most
    within = target.instructions.within
    assert counted / within <= estimated(code, target) <= counted * within


ONES = InstructionTable(*[1.0] * 10)


def work_of(made: Any, target: TargetMachine = CORTEX_M4F) -> Tally:
    code = schedule_loops(step_code(on_machine(check(program_of(made))), flat=True), target.loops)
    return work(code.machines[-1], {})


def test_operations_count_by_their_numbers() -> None:
    @node
    def mixed(x: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[i32]]:
        return where(x > 0.0, x * 2.0 + 1.0, x / 3.0), n * 3 + 1

    assert work_of(mixed) == {"test": 1, "single": 3, "single_division": 1, "integer": 2}


def test_numbers_of_a_library_cost_more() -> None:
    @node
    def wide(x: Stream[Vec[L[16], f64]]) -> Stream[Vec[L[24], f64]]:
        return DOUBLES @ x

    counted = work_of(wide)
    assert counted["double"] == 2 * 24 * 16
    assert counted["access"] > 24 * 16
    assert estimate(counted, CORTEX_M3.instructions) > 10 * estimate(counted, ONES)


def test_what_statements_of_a_tile_share_is_read_once() -> None:
    """24 results in tiles of 4 written out: an input is read for each tile, and not for each result."""
    counted = work_of(integers)
    assert counted["integer"] == 2 * 24 * 16
    assert 24 * 16 < counted["access"] < 1.5 * 24 * 16 + 24 + 1


def test_every_target_has_a_table() -> None:
    for target in TARGETS:
        assert estimated(step_code(on_machine(CORPUS["controller"]()), flat=False), target) > 0
        assert bool(target.instructions.within) == (target.emulator is not None)
