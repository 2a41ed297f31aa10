"""Schedules of loops: each gives the same bits, and the cost table picks what its rows say."""

from __future__ import annotations

from typing import Literal as L

import numpy as np
import pytest

from syncml import Hz, Mat, Stream, Vec, constant, einsum, fby, hold, node, sample, sigmoid, state, tanh, zeros
from syncml.export_c import compile_and_run
from syncml.export_c.targets import TARGETS, TargetMachine
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Executive, Observe
from syncml.ir.step.schedules import (
    CORTEX_M4F_LOOPS,
    VECTOR_LOOPS,
    Accumulation,
    LoopTable,
    Schedule,
    candidates,
    choose,
    description,
    schedule_loops,
    schedule_machine,
)
from syncml.ir.step.schedules.axes import channels_last
from syncml.ir.step.syntax import For, StepProgram, Storage
from syncml.ir.step.traverse import read_in, statements
from syncml.ir.types import shape
from syncml.lang.load import program_of
from syncml.nodes.convolution import Conv2d
from syncml.nodes.neural import relu
from syncml.pipeline import check, step_code
from tests.support import step_machine
from tests.support.tools import needs

TICKS = 3


def weights(*extents: int) -> np.ndarray:
    return np.random.default_rng(sum(extents)).normal(size=extents).astype(np.float32)


DENSE = constant(weights(7, 5), name="dense")
WIDE = constant(weights(32, 5), name="wide")
BIAS = constant(weights(7), name="bias")
KERNEL = constant(weights(6, 3, 2), name="kernel")
DEPTH = constant(weights(3, 6), name="depth")
RECURRENT = constant(weights(7, 7), name="recurrent")


@node
def layers(
    x: Stream[Vec[L[5]]], m: Stream[Mat[L[11], L[2]]]
) -> tuple[
    Stream[Vec[L[7]]], Stream[Mat[L[5], L[6]]], Stream[Mat[L[3], L[6]]], Stream[Vec[L[6]]], Stream[Mat[L[5], L[2]]]
]:
    hidden = state(init=zeros(7))
    now = tanh(DENSE @ x + BIAS)
    hidden.next = sigmoid(RECURRENT @ hidden + now)
    convolved = einsum("wkc,okc->wo", m.windows(3, stride=2), KERNEL)
    depthwise = einsum("wkc,kc->wc", convolved.windows(3), DEPTH)
    pooled = depthwise.max(axis=0) + depthwise.sum(axis=0)
    product = convolved @ convolved.reshape(6, 5)[:, 1:3]
    return hidden + now, convolved, depthwise, pooled, product


def code() -> StepProgram:
    return step_code(check(program_of(layers)), Observe.OUTPUTS, flat=True)


def inputs() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(5)
    given = {"x": generator.normal(size=(TICKS, 5)), "m": generator.normal(size=(TICKS, 11, 2))}
    return {name: values.astype(np.float32) for name, values in given.items()}


def bits(program: StepProgram) -> dict[str, bytes]:
    check_step(program)
    outputs, states = step_machine.run(program, inputs(), TICKS)
    return {name: value.tobytes() for name, value in (outputs | states).items()}


def accumulations(program: StepProgram) -> list[Accumulation]:
    found: list[Accumulation] = []

    def seen(made: Accumulation) -> Schedule:
        found.append(made)
        return choose(made, VECTOR_LOOPS)

    for machine in program.machines:
        schedule_machine(machine, seen)
    return found


def test_all_forms_of_accumulations_are_found() -> None:
    # Two products with constants, two contractions, two folds, a product of matrices.
    assert len(accumulations(code())) == 7


@pytest.mark.parametrize("number", range(0, 60, 7))
def test_every_schedule_gives_the_same_bits(number: int) -> None:
    def chosen(made: Accumulation) -> Schedule:
        found = list(candidates(made))
        return found[(number * 13) % len(found)]

    plain = code()
    (machine,) = plain.machines
    assert bits(StepProgram((schedule_machine(machine, chosen),), plain.main)) == bits(plain)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_schedules_of_every_target_give_the_same_bits(target: TargetMachine) -> None:
    found = schedule_loops(code(), target.loops)
    assert found != code()
    assert bits(found) == bits(code())


@needs("gcc")
@pytest.mark.parametrize("table", [VECTOR_LOOPS, CORTEX_M4F_LOOPS], ids=["vectors", "written_out"])
def test_scheduled_code_gives_the_same_bits_in_c(table: LoopTable) -> None:
    plain = code()
    expected, _ = step_machine.run(plain, inputs(), TICKS)
    tiled = schedule_loops(plain, table)
    for level in ("-O0", "-O3"):
        found = compile_and_run(tiled, inputs(), TICKS, "gcc", (level,)).outputs
        assert {name: found[name].tobytes() for name in expected} == {n: v.tobytes() for n, v in expected.items()}


@node
def wide(x: Stream[Vec[L[8]]]) -> Stream[Vec[L[64]]]:
    return tanh(constant(weights(64, 8), name="w") @ x + constant(weights(64), name="b"))


def test_the_table_of_a_cortex_m4f_tiles_by_sixteen_and_lays_weights_out_for_it() -> None:
    plain = step_code(check(program_of(wide)), flat=True)
    (tiled,) = schedule_loops(plain, CORTEX_M4F_LOOPS).machines
    (weight,) = [slot for slot in tiled.constants if slot.layout is not None]
    assert str(weight.type) == "f32[4, 8, 16]"
    assert weight.layout is not None
    assert description(weight.layout) == "w[i * 16 + k][j] is at [i][j][k]"
    counts = [s.count for s in statements(tiled.body) if isinstance(s, For)]
    assert counts == [4, 16, 4, 16, 16]
    assert not [slot for slot in tiled.locals if slot.name == "product"], "the sum needs no array of its own"


@node
def read_twice(x: Stream[Vec[L[8]]]) -> tuple[Stream[Vec[L[64]]], Stream[Vec[L[64]]]]:
    total = constant(weights(64, 8), name="w") @ x
    return tanh(total), total[::-1]


def test_a_sum_that_something_else_reads_keeps_its_array() -> None:
    plain = step_code(check(program_of(read_twice)), flat=True)
    (tiled,) = schedule_loops(plain, CORTEX_M4F_LOOPS).machines
    assert "total" in {slot.name for slot in tiled.locals}


FIRST = Conv2d(weights(16, 1, 3, 2), weights(16), stride=(1, 2), padding=1)
DEEP = Conv2d(weights(16, 1, 3, 3), padding="same", groups=16)
POINT = Conv2d(weights(18, 16, 1, 1), weights(18))


@node
def separable(x: Stream[Mat[L[6], L[9]]]) -> tuple[Stream[Vec[L[18]]], Stream[Mat[L[16], L[30]]]]:
    features = relu(FIRST(x.reshape(1, 6, 9)))
    deep = relu(DEEP(features))
    return POINT(deep).reshape(18, 30).max(axis=1), deep.reshape(16, 30)


def test_short_axes_of_locals_give_way_to_channels_and_the_bits_stay() -> None:
    plain = step_code(check(program_of(separable)), flat=True)
    (machine,) = plain.machines
    last = channels_last(machine)
    before, after = ({slot.name: shape(slot.type) for slot in m.locals} for m in (machine, last))
    moved = [name for name in before if before[name] != after[name]]
    assert moved and all(after[name] == (*before[name][1:], before[name][0]) for name in moved)
    given = {"x": np.random.default_rng(8).normal(size=(2, 6, 9)).astype(np.float32)}
    expected, _ = step_machine.run(plain, given, 2)
    for code in (StepProgram((last,), plain.main), schedule_loops(plain, VECTOR_LOOPS)):
        check_step(code)
        found, _ = step_machine.run(code, given, 2)
        assert {n: v.tobytes() for n, v in found.items()} == {n: v.tobytes() for n, v in expected.items()}


@node(rate=Hz(100))
def rates(x: Stream[Vec[L[5]]]) -> tuple[Stream[Vec[L[32]]], Stream[Vec[L[32]]]]:
    slow = tanh(WIDE @ sample(x, to=Hz(10)))
    return WIDE @ x, hold(fby(zeros(32), slow), init=zeros(32))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_constant_that_a_job_reads_too_stays_where_it_is(target: TargetMachine) -> None:
    plain = step_code(check(program_of(rates)), Observe.OUTPUTS, flat=True, executive=Executive.TASKS)
    (job,) = schedule_loops(plain, target.loops).jobs
    read = {slot for slot in read_in(job.machine.body) if slot.storage is Storage.CONSTANT}
    assert read
    assert read <= set(schedule_loops(plain, target.loops).machines[-1].constants)
