"""Line buffers: maps computed row by row have the bits of maps computed as a whole, in a few rows of memory."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml import Mat, Stream, Vec, constant, einsum, node
from syncml.export_c import Options, compile_and_run
from syncml.export_c.memory import Memory
from syncml.export_c.plan import plan
from syncml.export_c.report.memory import report
from syncml.export_c.report.operations import Operations
from syncml.export_c.targets import CORTEX_M3, CORTEX_M4F, GENERIC_C99, HOST, TargetMachine
from syncml.ir.step.check import check_step
from syncml.ir.step.overlay import live_peak
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.schedules.axes import channels_last, in_order
from syncml.ir.step.schedules.lines import with_lines
from syncml.ir.step.schedules.table import NEVER
from syncml.ir.step.syntax import Assign, For, Invoke, LoopIndex, StepProgram
from syncml.ir.types import F32, TensorType, size
from syncml.lang.load import program_of
from syncml.nodes.convolution import Conv2d
from syncml.nodes.neural import relu
from syncml.nodes.pooling import average_pool, max_pool
from syncml.pipeline import check, on_machine, step_code
from tests.export_c.compilers import STRICT
from tests.export_c.programs import at, slot
from tests.ir.step.test_overlay import assert_sound
from tests.support.step_machine import random_inputs, run
from tests.support.tools import require

ANY = 100.0
"""Loops are fused however little memory that saves, so that all of them are tried."""


def weights(*extents: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (np.random.default_rng(sum(extents)).normal(size=extents) * 0.4).astype(np.float32)


def code_of(made: Any) -> StepProgram:
    """A network as one machine of plain loops."""
    return step_code(on_machine(check(program_of(made))), flat=True)


def rowwise(code: StepProgram, gain: float = ANY) -> StepProgram:
    return replace(code, machines=tuple(with_lines(m, 0, gain) for m in code.machines))


def loops_of_rows(code: StepProgram) -> list[For]:
    return [stmt for m in code.machines for stmt in m.body if isinstance(stmt, For) and stmt.index.name == "t"]


def assert_same(code: StepProgram, other: StepProgram, ticks: int = 2) -> None:
    check_step(other)
    inputs = random_inputs(code, ticks, 3)
    for one, two in zip(run(code, inputs, ticks), run(other, inputs, ticks), strict=True):
        for name in one:
            assert np.asarray(one[name]).tobytes() == np.asarray(two[name]).tobytes(), name


@st.composite
def networks(draw: st.DrawFn) -> Any:
    """Layers on a map of 9 rows of 4 with 2 channels: convolutions, pooling, residual sums, rows read from one end."""
    kinds = draw(st.lists(st.sampled_from(["same", "valid", "depthwise", "deep", "residual", "pool", "dilated"]),
                          min_size=1, max_size=4))  # fmt: skip
    last = draw(st.sampled_from(["average", "sum", "turned", "all"]))
    stride = draw(st.sampled_from([1, 2]))

    @node
    def network(x: Stream[Vec[L[144]]]) -> Stream[Vec[L[2]]]:
        shape = (2, 18, 4) if stride == 2 else (2, 9, 8)
        h = Conv2d(weights(2, 2, 3, 2), weights(2), stride=(stride, 2), padding=((1, 1), (0, 0)), name="first")(
            x.reshape(*shape)
        )
        rows = (shape[1] - 1) // stride + 1
        for k, kind in enumerate(kinds):
            match kind:
                case "same":
                    h = Conv2d(weights(2, 2, 3, 3), weights(2), padding=(1, 1), activation=relu, name=f"c{k}")(h)
                case "valid":
                    h = Conv2d(weights(2, 2, 2, 1), weights(2), name=f"c{k}")(h)
                    rows -= 1
                case "depthwise":
                    h = Conv2d(weights(2, 1, 3, 1), weights(2), groups=2, padding=((2, 0), (0, 0)), name=f"c{k}")(h)
                case "deep":
                    h = relu(Conv2d(weights(2, 2, 1, 1), weights(2), name=f"c{k}")(h))
                case "residual":
                    h = h + Conv2d(weights(2, 2, 3, 1), weights(2), padding=((1, 1), (0, 0)), name=f"c{k}")(h)
                case "dilated":
                    h = Conv2d(
                        weights(2, 2, 2, 1), weights(2), dilation=(2, 1), padding=((1, 1), (0, 0)), name=f"c{k}"
                    )(h)
                case _:
                    h = max_pool(h, (2, 1), stride=(1, 1))
                    rows -= 1
        match last:
            case "average":
                return average_pool(h, (rows, 2 if stride == 2 else 4)).reshape(2)
            case "sum":
                return h.sum(axis=1).sum(axis=1)
            case "turned":
                return (h[:, ::-1, :] * h).sum(axis=1).sum(axis=1)
            case _:
                return einsum("crk,rk->c", h, weights(rows, 2 if stride == 2 else 4))

    return network


@settings(max_examples=8, deadline=None)
@given(networks())
def test_rows_have_the_bits_of_maps(network: Any) -> None:
    code = code_of(network)
    for plain in (code, replace(code, machines=tuple(map(channels_last, code.machines)))):
        made = rowwise(plain)
        assert_same(plain, made)
    assert_sound(made)


SMALL = (
    Conv2d(weights(16, 1, 6, 4), weights(16), stride=(2, 2), padding=((2, 3), (1, 1)), activation=relu, name="first"),
    Conv2d(weights(16, 1, 3, 3), weights(16), groups=16, padding=(1, 1), activation=relu, name="depth_1"),
    Conv2d(weights(16, 16, 1, 1), weights(16), activation=relu, name="point_1"),
    Conv2d(weights(16, 1, 3, 3), weights(16, 1)[:, 0], groups=16, padding=(1, 1), activation=relu, name="depth_2"),
    Conv2d(weights(16, 16, 1, 1), weights(16), activation=relu, name="point_2"),
)
OUT = constant(weights(3, 16), name="out")


@node
def keywords(x: Stream[Vec[L[490]]]) -> Stream[Vec[L[3]]]:
    """A small network of the form of MLPerf Tiny's for keywords: depthwise and pointwise layers on 25 rows of 5."""
    h = x.reshape(1, 49, 10)
    for layer in SMALL:
        h = layer(h)
    return OUT @ average_pool(h, (25, 5)).reshape(16)


@cache
def keyword_code() -> StepProgram:
    return code_of(keywords)


def scratch(target: TargetMachine, lines: int) -> tuple[int, int, Operations]:
    loops = replace(target.loops, lines=lines)
    found = report(plan(schedule_loops(keyword_code(), loops), Memory()))
    return found.main.scratch, found.main.bound, found.operations


@pytest.mark.parametrize("target", [CORTEX_M4F, CORTEX_M3, GENERIC_C99], ids=lambda t: t.name)
def test_a_keyword_network_needs_about_half_of_the_memory(target: TargetMachine) -> None:
    whole, _, operations = scratch(target, NEVER)
    rows, bound, counted = scratch(target, target.loops.lines)
    assert rows < 0.54 * whole
    assert rows <= 1.2 * bound
    # No number is computed twice.
    assert (counted.additions, counted.multiplications) == (operations.additions, operations.multiplications)


@pytest.mark.parametrize(("target", "compiler"), [(HOST, "gcc"), (HOST, "clang"), (GENERIC_C99, "gcc")])
def test_c_of_rows_has_the_bits_of_c_of_maps(compiler: str, target: TargetMachine) -> None:
    require(compiler)
    inputs = {"x": np.random.default_rng(1).normal(size=(3, 490)).astype(np.float32)}
    results: list[np.ndarray[Any, Any]] = []
    for lines, level in ((NEVER, "-O2"), (0, "-O3")):
        options = Options(target=replace(target, loops=replace(target.loops, lines=lines)))
        found = compile_and_run(keyword_code(), inputs, 3, compiler, (level, *STRICT), options)
        results.append(found.outputs["out"])
    assert results[0].tobytes() == results[1].tobytes()
    assert len(np.unique(results[0])) > 3


def test_what_fits_stays_as_it_is() -> None:
    (machine,) = keyword_code().machines
    assert with_lines(machine, live_peak(machine)) is machine
    assert with_lines(machine, 0, gain=0.01) is machine
    assert loops_of_rows(rowwise(keyword_code(), gain=0.75))


def test_loops_with_calls_are_not_split() -> None:
    """What stands between the assignments of a loop stays where it is."""
    value, map_ = slot("value", F32), slot("map", TensorType(F32, (4, 3)))
    i, j = LoopIndex("i"), LoopIndex("j")
    loop = For(i, 4, (Invoke("f", (), (value,)), For(j, 3, (Assign(at(map_, i, j), at(value)),))))
    assert in_order((loop,), {map_}) == (loop,)


def test_sums_of_rows_in_either_form_are_part_of_the_loop() -> None:
    @node
    def pooled(x: Stream[Mat[L[12], L[3]]]) -> Stream[Vec[L[2]]]:
        h = relu(einsum("rkc,k->rc", x.windows(3), constant(weights(3), name="k"))) @ constant(weights(3, 3), name="m")
        g = relu(einsum("rkc,k->rc", h.windows(3), constant(weights(3) + 1, name="l")))
        return constant(weights(2, 3), name="out") @ g.sum(axis=0)

    code = code_of(pooled)
    made = rowwise(code)
    assert_same(code, made)
    assert_sound(made)
    (loop,) = loops_of_rows(made)
    assert loop.count == 10
    assert all(size(s.type) <= 9 for s in made.machines[0].locals if isinstance(s.type, TensorType))


def test_a_map_that_others_read_stays_whole() -> None:
    @node
    def two(x: Stream[Mat[L[12], L[3]]]) -> tuple[Stream[Vec[L[3]]], Stream[Mat[L[12], L[3]]]]:
        h = x * 2.0
        g = relu(einsum("rkc,k->rc", h.windows(3), constant(weights(3), name="k")))
        return relu(einsum("rkc,k->rc", g.windows(2), constant(weights(2), name="l"))).sum(axis=0), h[::-1]

    code = code_of(two)
    made = rowwise(code)
    assert len(loops_of_rows(made)) == 1
    assert_same(code, made)
    shapes = {slot.name: str(slot.type) for slot in made.machines[0].locals}
    assert shapes["h"] == "f32[12, 3]"
    assert "f32[2, 3]" in shapes.values()


def test_rows_from_the_other_end_go_column_by_column() -> None:
    @node
    def turned(x: Stream[Mat[L[12], L[3]]]) -> Stream[Vec[L[3]]]:
        h = relu(einsum("rkc,k->rc", x.windows(3), constant(weights(3), name="k")))
        return relu(einsum("rkc,k->rc", h[::-1].windows(2), constant(weights(2), name="l"))).sum(axis=0)

    code = code_of(turned)
    made = rowwise(code)
    assert_same(code, made)
    (loop,) = loops_of_rows(made)
    assert loop.count == 3
    assert str(next(s.type for s in made.machines[0].locals if s.name == "slice")) == "f32[10, 1]"


def test_rows_of_both_ends_need_the_map() -> None:
    @node
    def both(x: Stream[Mat[L[12], L[3]]]) -> Stream[Vec[L[3]]]:
        h = relu(einsum("rkc,k->rc", x.windows(3), constant(weights(3), name="k")))
        return relu(h[::-1] @ constant(weights(3, 3), name="m")).sum(axis=0)

    code = code_of(both)
    made = rowwise(code)
    assert_same(code, made)
    assert not any(str(s.type) == "f32[1, 3]" and s.name.startswith("h") for s in made.machines[0].locals)
