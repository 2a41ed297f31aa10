"""Optimisers against their formulas, segment by segment, and a training run that is the same in every engine."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, f32, f64, hold, i32, node, segment, state, tanh, when, where, zeros
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn import value_and_grad
from syncml.learn.losses import (
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    huber,
    squared_error,
)
from syncml.learn.optimisers import SGD, Adam, Optimiser, RMSProp, cosine, descend, exponential, limited, linear
from syncml.learn.rl.returns import discounted, gae, n_step
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret, replay
from syncml.sim.trace import first_difference
from tests.support.engines import assert_c_agrees, assert_same_state, outputs_of

Array = NDArray[Any]
LENGTH, SEGMENTS = 4, 12
START = np.array([0.5, -1.0])
RNG = np.random.default_rng(7)
X = RNG.normal(size=(LENGTH * SEGMENTS, 2))


@node
def bowl(w: Stream[Vec[L[2], f64]], b: Stream[f64], x: Stream[Vec[L[2], f64]]) -> Stream[f64]:
    return squared_error(w @ x + b, x[0])


@node
def fit(
    optimiser: Optimiser, limit: object, average: bool, x: Stream[Vec[L[2], f64]]
) -> tuple[Stream[Vec[L[2], f64]], Stream[f64], Stream[f64]]:
    with segment(every=LENGTH) as batch:
        w, b = batch.carry(init=START, type=f64), batch.carry(init=0.25, type=f64)
        _, (d_w, d_b) = value_and_grad(bowl, wrt=("w", "b"))(w, b, x)
        norm = descend(batch, optimiser, (w, d_w), (b, d_b), limit=limit, average=average)  # type: ignore[arg-type]
    return w, b, hold(norm, init=0.0)


def gradient(p: Array, x: Array) -> Array:
    error = x @ p[:2] + p[2] - x[:, 0]
    return 2.0 * np.array([*(error @ x), error.sum()])


def expected(optimiser: Any, limit: float | None, average: bool) -> list[Array]:
    """The parameters in each segment, by the formulas in the optimisers' documentation."""
    p, m, v = np.array([*START, 0.25]), np.zeros(3), np.zeros(3)
    found = [p]
    for n in range(SEGMENTS - 1):
        g = gradient(p, X[n * LENGTH : (n + 1) * LENGTH]) / (LENGTH if average else 1)
        if limit is not None:
            g = g * min(1.0, limit / (np.linalg.norm(g) + 1e-6))
        rate = optimiser.rate(n) if callable(optimiser.rate) else optimiser.rate
        match optimiser:
            case SGD():
                m = optimiser.momentum * m + g + optimiser.weight_decay * p
                p = p - rate * m
            case RMSProp():
                v = optimiser.decay * v + (1 - optimiser.decay) * g * g
                p = p - rate * g / (np.sqrt(v) + optimiser.epsilon)
            case Adam():
                first, second = optimiser.betas
                m, v = first * m + (1 - first) * g, second * v + (1 - second) * g * g
                m_hat, v_hat = m / (1 - first ** (n + 1)), v / (1 - second ** (n + 1))
                p = p - rate * m_hat / (np.sqrt(v_hat) + optimiser.epsilon) - rate * optimiser.weight_decay * p
        found.append(p)
    return found


@pytest.mark.parametrize(
    ("optimiser", "formula", "limit", "average"),
    [
        (SGD(0.05), SGD(0.05), None, False),
        (SGD(0.02, momentum=0.9), SGD(0.02, momentum=0.9), None, True),
        (SGD(0.02, 0.5, 0.1), SGD(0.02, 0.5, 0.1), 0.8, False),
        (RMSProp(0.01), RMSProp(0.01), None, True),
        (Adam(0.05), Adam(0.05), None, False),
        (Adam(0.05, weight_decay=0.1), Adam(0.05, weight_decay=0.1), 1.0, True),
        (Adam(exponential(0.1, 0.9)), Adam(lambda n: 0.1 * 0.9**n), None, False),
        (SGD(linear(0.05, 4, 0.01)), SGD(lambda n: max(0.05 - 0.01 * n, 0.01)), None, False),
        (SGD(cosine(0.05, 8, 0.01)), SGD(lambda n: 0.01 + 0.02 * (1 + np.cos(np.pi * min(n / 8, 1)))), None, True),
    ],
)  # fmt: skip
def test_an_optimiser_is_its_formula(optimiser: Any, formula: Any, limit: float | None, average: bool) -> None:
    checked = check(program_of(fit, optimiser=optimiser, limit=limit, average=average))
    trace = replay(checked.program, {"x": X}, len(X))
    w, b, norm = (np.asarray(trace.column(v.name).values)[::LENGTH] for v in checked.main.outputs)
    np.testing.assert_allclose(np.column_stack([w, b]), expected(formula, limit, average), rtol=1e-12)
    share = LENGTH if average else 1
    norms = [np.linalg.norm(gradient(p, X[n * LENGTH : (n + 1) * LENGTH])) / share
             for n, p in enumerate(np.column_stack([w, b]))]  # fmt: skip
    np.testing.assert_allclose(norm[1:], norms[:-1], rtol=1e-12)


def test_descending_takes_parameters() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        descend(None, SGD(0.1))  # type: ignore[arg-type]


@node
def cell(
    w: Stream[Mat[L[2], L[2]]], u: Stream[Vec[L[2]]], v: Stream[Vec[L[2]]], x: Stream[f32], y: Stream[f32]
) -> Stream[f32]:
    h = state(init=zeros(2))
    h.next = tanh(w @ h + u * x)
    return squared_error(v @ h.next, y)


@node
def training(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=3) as sequence:
        w = sequence.carry(init=[[0.4, 0.1], [-0.2, 0.3]])
        u, v = sequence.carry(init=[0.3, -0.2]), sequence.carry(init=[0.1, 0.2])
        loss, (d_w, d_u, d_v) = value_and_grad(cell, wrt=("w", "u", "v"))(w, u, v, x, y)
        descend(sequence, Adam(0.01), (w, d_w), (u, d_u), (v, d_v), limit=1.0)
        weights = when((w * 1.0).sum() + (u - v).sum(), sequence.last)
    return loss, hold(weights, init=0.0)


def test_a_thousand_updates_are_the_same_in_every_engine() -> None:
    """Back-propagation through time, Adam and clipping: the same bits; and the loss falls."""
    ticks = 3 * 1000
    random = np.random.default_rng(1)
    x = random.uniform(-1.0, 1.0, ticks).astype(np.float32)
    y = (0.5 * np.tanh(x)).astype(np.float32)
    checked = check(program_of(training))
    run = interpret(checked.program, {"x": x, "y": y}, ticks)
    losses = np.asarray(run.trace.column("loss").values)
    assert losses[-300:].mean() < 0.1 * losses[:300].mean()
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    found = simulation.run({"x": x, "y": y}, ticks)
    assert first_difference(outputs_of(run, checked), found.only(outputs_of(run, checked).names())) is None
    assert_same_state(run, simulation.state(), checked)
    assert_c_agrees(checked, {"x": x, "y": y}, run)


@node
def losses(
    s: Stream[Vec[L[3], f64]], t: Stream[Vec[L[3], f64]], n: Stream[i32]
) -> tuple[Stream[f64], Stream[f64], Stream[f64], Stream[f64], Stream[f64]]:
    return (
        squared_error(s, t),
        absolute_error(s, t),
        huber(s, t, 0.5),
        cross_entropy(s, n),
        binary_cross_entropy(s[0], t[0]),
    )


def test_losses_are_their_formulas() -> None:
    s, t, n = RNG.normal(size=(20, 3)) * 3, RNG.uniform(size=(20, 3)), RNG.integers(0, 3, 20).astype(np.int32)
    checked = check(program_of(losses))
    trace = replay(checked.program, {"s": s, "t": t, "n": n}, 20)
    found = [np.asarray(trace.column(v.name).values) for v in checked.main.outputs]
    d = np.abs(s - t)
    share = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    truth = 1 / (1 + np.exp(-s[:, 0]))
    for got, want in zip(found, [
        ((s - t) ** 2).mean(axis=1), d.mean(axis=1), np.where(d < 0.5, d * d / 2, 0.5 * (d - 0.25)).mean(axis=1),
        -np.log(share[np.arange(20), n]), -t[:, 0] * np.log(truth) - (1 - t[:, 0]) * np.log(1 - truth),
    ], strict=True):  # fmt: skip
        np.testing.assert_allclose(got, want, rtol=1e-12)


@node
def named(x: Stream[f32]) -> Stream[f32]:
    with segment(every=3) as batch:
        w = batch.carry(init=0.5)
        _, slope = value_and_grad(squared, wrt="w")(w, x)
        norm = descend(batch, Adam(0.01), (w, slope), limit=1.0, average=True)
        gain = discounted(x, x > 0.0, 0.9)
        advantage = gae(gain, x, n_step(x, x, x > 0.0, 0.9, 3), x > 0.0, 0.9, 0.8)
        best = advantage * 2.0
    return hold(norm, init=0.0) + hold(when(best, batch.last), init=0.0)


@node
def squared(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    return squared_error(w, x)


def test_results_have_the_names_that_the_user_gives() -> None:
    """Not what they are made of."""
    main = check(program_of(named)).main
    assert {v.name for v in main.clocks if v.user and v not in main.inputs + main.outputs} == {
        "w", "slope", "norm", "gain", "advantage", "best",
    }  # fmt: skip


@pytest.mark.parametrize("shape", [(3,), (255,), (256,), (300,), (24, 64), (5, 61)])
def test_the_norm_of_a_gradient_is_summed_as_the_page_says(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)

    @node
    def main() -> Stream[f32]:
        return limited(where(True, values, values), None)[1]

    squares = values.reshape(-1) ** 2
    rows = squares.size // 64 if squares.size >= 256 else 0
    partial = np.zeros(64, np.float32)
    for row in squares[: rows * 64].reshape(rows, 64):
        partial += row
    expected, rest = np.float32(0.0), np.float32(0.0)
    for square in partial if rows else squares:
        expected += square
    for square in squares[rows * 64 :] if rows else ():
        rest += square
    found = interpret(check(program_of(main)).program, {}, 1).trace.columns[-1].values[0]
    assert found == np.sqrt(expected + rest)
