"""Copies that nobody needs are left out, those that keep a value are not; the bits stay."""

from __future__ import annotations

from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, f32, node, segment, state, tanh, zeros
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe, lower
from syncml.ir.step.schedules import SIMULATION_LOOPS, schedule_loops
from syncml.ir.step.schedules.copies import copy_of, without_copies
from syncml.ir.step.syntax import Assign, For, LoopIndex, Slot, StepProgram, Stmt, Storage
from syncml.ir.step.traverse import blocks, statements
from syncml.ir.types import F32, TensorType
from syncml.lang.load import program_of
from syncml.learn import SGD, descend, value_and_grad
from syncml.pipeline import check
from syncml.sim.iterators import embedded, flattened
from tests.export_c.programs import add, at, machine
from tests.support import step_machine

TICKS = 50
ARRAY = TensorType(F32, (4,))


@node
def cell(w: Stream[Mat[L[3], L[3]]], x: Stream[Vec[L[3]]], y: Stream[Vec[L[3]]]) -> Stream[f32]:
    h = state(init=zeros(3))
    h.next = tanh(w @ h + x)
    e = h.next - y
    return e @ e


@node
def learns(x: Stream[Vec[L[3]]], y: Stream[Vec[L[3]]]) -> tuple[Stream[f32], Stream[Mat[L[3], L[3]]]]:
    with segment(every=24) as batch:
        w = batch.carry(init=np.eye(3, dtype=np.float32).tolist())
        loss, d_w = value_and_grad(cell, wrt="w")(w, x, y)
        descend(batch, SGD(0.05), (w, d_w))
    return loss, w


def copies(program: StepProgram) -> int:
    return sum(copy_of(stmt) is not None for m in program.machines for stmt in statements(m.body))


def test_a_sweep_reads_its_buffers_where_they_lie() -> None:
    flat = flattened(lower_segments(check(program_of(learns)).program), Observe.OUTPUTS)
    looped = embedded(lower(flat, Observe.OUTPUTS))
    plain = StepProgram((looped,), looped.name)
    generator = np.random.default_rng(2)
    inputs = {name: generator.normal(size=(TICKS, 3)).astype(np.float32) for name in ("x", "y")}
    fewer = StepProgram(tuple(map(without_copies, plain.machines)), plain.main)
    assert copies(fewer) < copies(plain) // 2
    expected = step_machine.run(plain, inputs, TICKS)
    for program in (fewer, schedule_loops(plain, SIMULATION_LOOPS)):
        check_step(program)
        found = step_machine.run(program, inputs, TICKS)
        for ours, theirs in zip(found, expected, strict=True):
            assert {n: v.tobytes() for n, v in ours.items()} == {n: v.tobytes() for n, v in theirs.items()}


X = Slot("x", ARRAY, Storage.INPUT)
Y = Slot("y", ARRAY, Storage.OUTPUT)
KEPT = Slot("kept", ARRAY, Storage.LOCAL)
SOURCE = Slot("source", ARRAY, Storage.LOCAL)


def each(target: Slot, *terms: Slot) -> Stmt:
    """``target[i] := the sum of terms[i]``."""
    counter = LoopIndex("i")
    value = at(terms[0], counter)
    for other in terms[1:]:
        value = add(value, at(other, counter))
    return For(counter, 4, (Assign(at(target, counter), value),))


@pytest.mark.parametrize(
    ("body", "left"),
    [
        # Read after its source: not needed.
        ((each(SOURCE, X, X), each(KEPT, SOURCE), each(Y, KEPT, X)), 2),
        # The source changes before the copy is read, or in the same loop.
        ((each(SOURCE, X, X), each(KEPT, SOURCE), each(SOURCE, X), each(Y, KEPT, SOURCE)), 4),
        ((each(SOURCE, X, X), each(KEPT, SOURCE), each(SOURCE, KEPT, X), each(Y, SOURCE, KEPT)), 4),
        # Two statements write it.
        ((each(SOURCE, X, X), each(KEPT, SOURCE), each(KEPT, X, X), each(Y, KEPT)), 4),
    ],
)
def test_what_keeps_a_value_stays(body: tuple[Stmt, ...], left: int) -> None:
    plain = machine("copies", (X,), (Y,), body, locals_=(SOURCE, KEPT))
    fewer = without_copies(plain)
    assert sum(bool(blocks(stmt)) for stmt in fewer.body) == left
    inputs = {"x": np.arange(8, dtype=np.float32).reshape(2, 4)}
    programs = (StepProgram((each_,), plain.name) for each_ in (plain, fewer))
    before, after = (step_machine.run(program, inputs, 2)[0]["y"].tobytes() for program in programs)
    assert before == after
