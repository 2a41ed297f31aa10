"""Neural layers against their formulas in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, node
from syncml.lang.load import program_of
from syncml.nodes.neural import GRU, LSTM, MLP, RNN, Dense, normalise, relu
from syncml.pipeline import check
from syncml.sim.interpreter import interpret

TICKS, INPUTS, HIDDEN = 12, 3, 5


def run(layer: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    @node
    def main(x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        return layer(x)

    @node
    def top(x: Stream[Vec[INPUTS]]) -> Stream[Vec[Any]]:  # type: ignore[valid-type]
        return main(x)

    checked = check(program_of(top))
    trace = interpret(checked.program, {"x": x}, len(x)).trace
    return trace.column(checked.main.outputs[0].name).values


def random(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32) * np.float32(0.5)


def sigma(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 1 / (1 + np.exp(-x))


def recurrent(gates: int) -> tuple[Any, ...]:
    n = gates * HIDDEN
    return random(n, INPUTS), random(n, HIDDEN), random(n), random(n, 1)[:, 0]


def test_rnn() -> None:
    x, (wi, wh, bi, bh) = random(TICKS, INPUTS), recurrent(1)
    h, expected = np.zeros(HIDDEN), []
    for row in x:
        h = np.tanh(wi @ row + bi + wh @ h + bh)
        expected.append(h)
    assert run(RNN(wi, wh, bi, bh), x) == pytest.approx(np.array(expected), abs=2e-6)


def test_gru() -> None:
    x, (wi, wh, bi, bh) = random(TICKS, INPUTS), recurrent(3)
    h, expected = np.full(HIDDEN, 0.25), []
    for row in x:
        i, s = np.split(wi @ row + bi, 3), np.split(wh @ h + bh, 3)
        r, z = sigma(i[0] + s[0]), sigma(i[1] + s[1])
        h = (1 - z) * np.tanh(i[2] + r * s[2]) + z * h
        expected.append(h)
    layer = GRU(wi, wh, bi, bh, np.full(HIDDEN, 0.25, dtype=np.float32))
    assert run(layer, x) == pytest.approx(np.array(expected), abs=2e-6)


def test_lstm() -> None:
    x, (wi, wh, bi, bh) = random(TICKS, INPUTS), recurrent(4)
    h, c, expected = np.zeros(HIDDEN), np.zeros(HIDDEN), []
    for row in x:
        i, f, g, o = np.split(wi @ row + bi + wh @ h + bh, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        expected.append(h)
    assert run(LSTM(wi, wh, bi, bh), x) == pytest.approx(np.array(expected), abs=2e-6)


def test_mlp_from_named_weights_and_normalisation() -> None:
    x = random(TICKS, INPUTS)
    weights = {
        "p.0.weight": random(7, INPUTS),
        "p.0.bias": random(7),
        "p.1.weight": random(2, 7),
        "p.1.bias": random(2),
    }
    mean, scale = np.array([0.1, 0.2, 0.3], dtype=np.float32), np.array([1.0, 2.0, 4.0], dtype=np.float32)
    network = MLP.of(weights, relu, "p.")
    inner = np.maximum(((x - mean) / scale) @ weights["p.0.weight"].T + weights["p.0.bias"], 0)
    expected = inner @ weights["p.1.weight"].T + weights["p.1.bias"]
    assert run(lambda v: network(normalise(v, mean, scale)), x) == pytest.approx(expected, abs=2e-6)


def test_each_call_has_its_own_state() -> None:
    wi, wh, bi, bh = recurrent(1)
    layer = RNN(wi, wh, bi, bh)
    x = random(TICKS, INPUTS)
    assert np.array_equal(run(lambda v: layer(v) - layer(v), x), np.zeros((TICKS, HIDDEN), dtype=np.float32))
    assert not np.array_equal(run(layer, x), run(lambda v: layer(v * 0.5), x))


def test_a_dense_layer_applies_its_activation() -> None:
    x = random(TICKS, INPUTS)
    w, b = random(4, INPUTS), random(4)
    assert run(Dense(w, b, relu), x) == pytest.approx(np.maximum(x @ w.T + b, 0), abs=1e-6)
