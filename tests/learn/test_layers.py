"""Batch normalisation and dropout against their formulas, forwards and backwards, on batches of different lengths."""

from __future__ import annotations

from typing import Any, TypeAlias
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, f32, f64, fby, node, pack, segment, u64, unpack
from syncml.lang.load import program_of
from syncml.learn import value_and_grad
from syncml.learn.layers import batch_norm, dropout, normalised
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret

Array = NDArray[Any]
Pair: TypeAlias = Vec[L[2], f64]
Rows: TypeAlias = Mat[L[6], L[2], f64]
RNG = np.random.default_rng(11)
LONGEST = 6
LENGTHS = (6, 3, 1, 4, 6)
TICKS = sum(LENGTHS)
ENDS = np.isin(np.arange(1, TICKS + 1), np.cumsum(LENGTHS))
X = RNG.normal(2.0, 3.0, size=(TICKS, 2))
TARGET = RNG.normal(size=(TICKS, 2))
GAIN, SHIFT = np.array([1.5, -0.5]), np.array([0.25, 1.0])
EPSILON = 1e-5


@node
def objective(
    x: Stream[Pair],
    gain: Stream[Pair],
    shift: Stream[Pair],
    target: Stream[Pair],
) -> tuple[Stream[f64], Stream[Pair]]:
    y, _, _ = batch_norm(x, gain, shift)
    return (y * target).sum() + 0.5 * (y * y * y).sum(), y


@node
def trained(
    x: Stream[Pair],
    gain: Stream[Pair],
    shift: Stream[Pair],
    target: Stream[Pair],
    done: Stream[bool],
) -> tuple[Stream[bool], Stream[Rows], Stream[Rows], Stream[Rows]]:
    with segment(every=done, longest=LONGEST) as batch:
        (_, y), (d_x, d_gain) = value_and_grad(objective, wrt=("x", "gain"))(x, gain, shift, target)
        return batch.last, pack(y), pack(d_x), pack(d_gain)


def formula(x: Array, gain: Array) -> Array:
    return gain * ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)) + SHIFT


def value(x: Array, gain: Array, target: Array) -> float:
    y = formula(x, gain)
    return float((y * target).sum() + 0.5 * (y**3).sum())


def test_batches_of_different_lengths_forwards_and_backwards() -> None:
    inputs = {
        "x": X, "gain": np.tile(GAIN, (TICKS, 1)), "shift": np.tile(SHIFT, (TICKS, 1)), "target": TARGET, "done": ENDS,
    }  # fmt: skip
    checked = check(program_of(trained))
    names = [var.name for var in checked.main.outputs[1:]]
    trace = compile_program(checked.program).run(inputs, TICKS)
    slow = interpret(checked.program, inputs, TICKS).trace
    begin = 0
    for length, end in zip(LENGTHS, np.flatnonzero(ENDS), strict=True):
        y, d_x, d_gain = (np.asarray(trace.column(name).values)[end, :length] for name in names)
        for name, fast in zip(names, (y, d_x, d_gain), strict=True):
            assert np.array_equal(np.asarray(slow.column(name).values)[end, :length], fast)
        x, target = X[begin : begin + length], TARGET[begin : begin + length]
        np.testing.assert_allclose(y, formula(x, GAIN), rtol=1e-9, atol=1e-9)
        step = 1e-6
        for i in range(length):
            for j in range(2):
                shifted = [
                    x + sign * step * (np.arange(length) == i)[:, None] * (np.arange(2) == j) for sign in (1, -1)
                ]
                slope = (value(shifted[0], GAIN, target) - value(shifted[1], GAIN, target)) / (2.0 * step)
                # A batch of one is its own mean, and epsilon alone is left of the variance.
                assert d_x[i, j] == pytest.approx(slope, rel=2e-5, abs=2e-5) or length == 1
        for j in range(2):
            pair = [value(x, GAIN + sign * step * (np.arange(2) == j), target) for sign in (1, -1)]
            assert d_gain[:, j].sum() == pytest.approx((pair[0] - pair[1]) / (2.0 * step), rel=1e-6, abs=1e-6)
        begin += length


@node
def layer(x: Stream[f32]) -> Stream[f32]:
    y, mean, variance = batch_norm(x, 2.0, 0.5)
    return y - normalised(x, 2.0, 0.5, mean, variance)


@node
def of_numbers(x: Stream[f32]) -> Stream[f32]:
    with segment(every=5):
        return unpack(pack(layer(x)))


def test_given_statistics_have_the_same_equation() -> None:
    checked = check(program_of(of_numbers))
    trace = compile_program(checked.program).run({"x": RNG.normal(size=20).astype(np.float32)}, 20)
    assert not np.any(trace.column(checked.main.outputs[0].name).values)


@node
def thinned(share: float, x: Stream[Mat[L[8], L[16]]], place: Stream[u64]) -> Stream[Mat[L[8], L[16]]]:
    return dropout(x, share, fby(7, place) * 0 + 7, place)


def test_dropout_keeps_the_mean_and_is_the_same_in_every_engine() -> None:
    ticks = 40
    inputs = {"x": np.ones((ticks, 8, 16), np.float32), "place": np.arange(ticks, dtype=np.uint64)}
    checked = check(program_of(thinned, share=0.25))
    name = checked.main.outputs[0].name
    found = np.asarray(compile_program(checked.program).run(inputs, ticks).column(name).values)
    assert np.array_equal(found, interpret(checked.program, inputs, ticks).trace.column(name).values)
    gone = found == 0.0
    assert np.allclose(found[~gone], 1.0 / 0.75)
    deviation = np.sqrt(0.25 * 0.75 / found.size)
    assert abs(gone.mean() - 0.25) < 4.0 * deviation
    assert len({mask.tobytes() for mask in gone}) == ticks
    kept = check(program_of(thinned, share=0.0))
    same = compile_program(kept.program).run(inputs, 3)
    assert np.array_equal(same.column(kept.main.outputs[0].name).values, inputs["x"][:3])


def test_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        dropout(None, 1.0, None, None)  # type: ignore[arg-type]
