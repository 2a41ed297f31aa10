"""Running statistics of observations against those of all observations at once."""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, f32, node, segment
from syncml.learn.rl.scaling import ObservationScale
from tests.nodes.running import run

ROLLOUT, LANES, ROLLOUTS = 5, 4, 8
Rows = Stream[Mat[L[4], L[3]]]


@node
def scaled(x: Rows) -> tuple[Rows, Stream[Vec[L[3]]], Stream[Vec[L[3]]], Stream[f32]]:
    with segment(every=ROLLOUT) as rollout:
        scale = ObservationScale(rollout, 3)
        y = scale(x)
        scale.learn(x)
    return y, scale.mean, scale.variance, scale.count


def test_statistics_are_those_of_all_that_was_seen() -> None:
    random = np.random.default_rng(5)
    # Far from 0, as a position in metres may be; the first rollout is unlike the others.
    x = random.normal([1000.0, 0.0, -3.0], [2.0, 0.01, 30.0], (ROLLOUT * ROLLOUTS, LANES, 3))
    x[:ROLLOUT] += 5.0
    x = x.astype(np.float32)
    y, mean, variance, count = (np.asarray(v, np.float64) for v in run(scaled, x=x).values())
    assert np.array_equal(mean[:ROLLOUT], np.zeros((ROLLOUT, 3)))
    assert np.array_equal(variance[:ROLLOUT], np.ones((ROLLOUT, 3)))
    for rollout in range(1, ROLLOUTS):
        ticks = slice(rollout * ROLLOUT, (rollout + 1) * ROLLOUT)
        seen = x[: rollout * ROLLOUT].reshape(-1, 3).astype(np.float64)
        # The statistics of a rollout are those of all rollouts before, at each of its instants.
        assert np.allclose(mean[ticks], seen.mean(axis=0), rtol=1e-4, atol=1e-4)
        assert np.allclose(variance[ticks], seen.var(axis=0), rtol=1e-3, atol=0.0)
        assert np.allclose(count[ticks], rollout * ROLLOUT * LANES, rtol=1e-5)
        expected = np.clip((x[ticks] - mean[ticks][:, None]) / np.sqrt(variance[ticks][:, None] + 1e-8), -10.0, 10.0)
        assert np.allclose(y[ticks], expected, rtol=1e-3, atol=1e-3)
