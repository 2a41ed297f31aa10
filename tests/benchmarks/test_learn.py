"""The recurrent network of the benchmark: its loss, and the step of a parameter, are those of a plain computation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.learn.gru import RATE, Setting, program
from benchmarks.learn.run import TOLERANCE, compiled, difference, first_sequence

TINY = Setting(units=3, batch=2, steps=5)


def loss(weights: dict[str, np.ndarray]) -> float:
    """The loss of a sequence in binary64."""
    w, u, b, v = (weights[name].astype(np.float64) for name in ("w", "u", "b", "v"))
    total, h = 0.0, np.zeros((TINY.batch, TINY.units))
    for x, y in zip(*TINY.data().values(), strict=True):
        given, remembered = np.split(x @ w + b, 3, axis=1), np.split(h @ u, 3, axis=1)
        reset, keep = (1.0 / (1.0 + np.exp(-given[n] - remembered[n])) for n in range(2))
        h = (1.0 - keep) * np.tanh(given[2] + reset * remembered[2]) + keep * h
        total += float(((h @ v - y) ** 2).sum())
    return total


def test_the_network_learns_what_it_should() -> None:
    simulation, _ = compiled(program(TINY))
    found, after = first_sequence(simulation, TINY)
    before = TINY.weights()
    assert found == pytest.approx(loss(before), rel=1e-5)
    expected = {name: value.astype(np.float64) for name, value in before.items()}
    for name, value in before.items():
        for place in np.ndindex(value.shape):
            ends = []
            for way in (1.0, -1.0):
                moved = value.astype(np.float64)
                moved[place] += way * 1e-5
                ends.append(loss({**before, name: moved}))
            expected[name][place] -= RATE * (ends[0] - ends[1]) / 2e-5
    # A step is rounded to the precision of what it is added to.
    assert difference(TINY, after, expected) < TOLERANCE
    wrong = {name: 2.0 * expected[name] - before[name] for name in expected}
    assert difference(TINY, after, wrong) > 0.5
