"""Rows in a random order: each epoch is a permutation, another one each time, and the same in every engine."""

from __future__ import annotations

import numpy as np
import pytest

from syncml import Stream, f32, i32, node, segment
from syncml.lang.load import program_of
from syncml.learn.data import batches, permutation, shuffled_row
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from tests.support.engines import assert_c_agrees


@node
def rows(size: int, seed: int, x: Stream[f32]) -> tuple[Stream[i32], Stream[i32], Stream[bool]]:
    with segment(every=size) as epoch:
        row = shuffled_row(epoch, size, seed)
        with batches(3) as batch:
            position = batch.index
        last = batch.last
    return row, position, last


@pytest.mark.parametrize("size", [1, 2, 7])
def test_epochs_are_permutations_and_the_last_batch_is_shorter(size: int) -> None:
    checked = check(program_of(rows, size=size, seed=5))
    epochs = 4
    ticks = size * epochs
    inputs = {"x": np.zeros(ticks, np.float32)}
    names = [var.name for var in checked.main.outputs]
    run = interpret(checked.program, inputs, ticks)
    trace = compile_program(checked.program).run(inputs, ticks)
    for name in names:
        assert np.array_equal(trace.column(name).values, run.trace.column(name).values)
    found, position, last = (np.asarray(trace.column(name).values).reshape(epochs, size) for name in names)
    for epoch, order in enumerate(found):
        assert np.array_equal(order, permutation(size, 5, epoch))
        assert sorted(order.tolist()) == list(range(size))
    assert np.array_equal(position, np.tile(np.arange(size) % 3, (epochs, 1)))
    assert np.array_equal(last, np.tile((np.arange(size) % 3 == 2) | (np.arange(size) == size - 1), (epochs, 1)))
    if size == 7:
        assert len({order.tobytes() for order in found}) == epochs
        assert_c_agrees(checked, inputs, run)


def test_orders_are_even() -> None:
    """Every element is in every place about equally often."""
    size, count = 5, 4000
    orders = np.array([permutation(size, 3, epoch) for epoch in range(count)])
    for place in range(size):
        seen = np.bincount(orders[:, place], minlength=size)
        # Chi squared with 4 degrees of freedom; 0.1 % of fair orders are beyond 18.5.
        assert ((seen - count / size) ** 2 / (count / size)).sum() < 18.5
