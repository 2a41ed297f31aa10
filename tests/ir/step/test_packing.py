"""Operands that are copied into the order of a tile: which they are, and that the bits stay."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, node
from syncml.ir.step.lowering.elements import index, plus, times
from syncml.ir.step.schedules import SIMULATION_LOOPS, schedule_loops
from syncml.ir.step.schedules.packing import stride
from syncml.ir.step.syntax import Binary, BinaryOp, LoopIndex
from syncml.ir.types import shape
from syncml.lang.load import program_of
from syncml.pipeline import check, step_code
from tests.support import step_machine

RNG = np.random.default_rng(6)


@node
def matrix(x: Stream[Mat[L[6], L[5]]], w: Stream[Mat[L[17], L[5]]]) -> Stream[Mat[L[6], L[17]]]:
    return x @ w.T


@node
def within_a_vector(x: Stream[Mat[L[6], L[5]]], w: Stream[Vec[L[90]]]) -> Stream[Mat[L[6], L[17]]]:
    return x @ w[3:88].reshape(17, 5).T


@node
def along(x: Stream[Mat[L[6], L[5]]], w: Stream[Vec[L[90]]]) -> Stream[Mat[L[6], L[17]]]:
    return x @ w[3:88].reshape(5, 17)


@node
def of_few_rows(x: Stream[Mat[L[3], L[5]]], w: Stream[Vec[L[90]]]) -> Stream[Mat[L[3], L[17]]]:
    return x @ w[3:88].reshape(17, 5).T


@pytest.mark.parametrize(
    ("program", "packed"), [(matrix, True), (within_a_vector, True), (along, False), (of_few_rows, False)]
)
def test_operands_across_are_copied_once_wherever_they_lie_and_the_bits_stay(program: Any, packed: bool) -> None:
    checked = check(program_of(program))
    plain = step_code(checked, flat=True)
    made = schedule_loops(plain, SIMULATION_LOOPS)
    copies = [shape(slot.type) for slot in made.machines[-1].locals if "_packed" in slot.name]
    assert copies == ([(5, 17)] if packed else [])
    given = {v.name: RNG.normal(size=(2, *shape(v.type))).astype(np.float32) for v in checked.main.inputs}
    expected, _ = step_machine.run(plain, given, 2)
    found, _ = step_machine.run(made, given, 2)
    assert {n: v.tobytes() for n, v in found.items()} == {n: v.tobytes() for n, v in expected.items()}


def test_a_stride_is_what_an_index_grows_by() -> None:
    i, j = LoopIndex("i"), LoopIndex("j")
    flat = plus(Binary(BinaryOp.ADD, times(j, 5), i), 3)
    assert [stride(flat, counter) for counter in (i, j, LoopIndex("k"))] == [1, 5, 0]
    assert stride(Binary(BinaryOp.ADD, i, times(i, 2)), i) == 3
    assert stride(Binary(BinaryOp.MUL, i, i), i) is None
    assert stride(index(4), i) == 0
