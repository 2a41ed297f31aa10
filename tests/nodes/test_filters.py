"""Filters against their formulas in NumPy."""

from __future__ import annotations

from typing import Literal as L

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from syncml import Stream, Vec, f32, f64, node
from syncml.nodes.filters import Kalman, complementary, low_pass, steady_gain
from tests.nodes.running import assert_engines_agree, out

X = np.random.default_rng(8).normal(size=60) + 2


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    return low_pass(x, 0.01, 0.05)


def test_low_pass() -> None:
    y, expected = X[0], []
    for x in X:
        y = x + (y - x) * np.exp(-0.2)
        expected.append(y)
    assert out(smooth, x=X.astype(np.float32)) == pytest.approx(np.array(expected), abs=1e-5)


@node
def fused(slow: Stream[f64], rate: Stream[f64]) -> Stream[f64]:
    return complementary(slow, rate, 0.01, 0.5)


def test_complementary() -> None:
    t = np.arange(300) * 0.01
    truth = np.sin(t)
    rng = np.random.default_rng(2)
    slow, rate = truth + rng.normal(size=300) * 0.2, np.cos(t) + 0.05
    y, expected = slow[0], [slow[0]]
    for k in range(1, 300):
        y = 0.5 / 0.51 * (y + 0.01 * rate[k]) + 0.01 / 0.51 * slow[k]
        expected.append(y)
    found = out(fused, slow=slow, rate=rate)
    assert found == pytest.approx(np.array(expected), rel=1e-12)
    assert np.std((found - truth)[150:]) < 0.3 * np.std((slow - truth)[150:])


F = np.array([[1.0, 0.1], [0.0, 1.0]])
H = np.array([[1.0, 0.0], [0.2, 1.0]])
Q = np.array([[0.003, 0.005], [0.005, 0.1]]) * 0.1
R = np.array([[0.5, 0.1], [0.1, 0.3]])
START, TRUST = np.array([5.0, -1.0]), np.diag([4.0, 2.0])


@node
def tracked(z: Stream[Vec[L[2], f64]], valid: Stream[bool]) -> Stream[Vec[L[2], f64]]:
    return Kalman(F, H, Q, R, START, TRUST)(z, valid)


def stimulus(ticks: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return {"z": rng.normal([8.0, -1.0], 1.0, (ticks, 2)), "valid": rng.random(ticks) > 0.25}


def test_kalman_is_the_filter_of_the_textbook() -> None:
    given = stimulus(50)
    x, p, expected = START, TRUST, []
    for z, valid in zip(given["z"], given["valid"], strict=True):
        if valid:
            gain = p @ H.T @ np.linalg.inv(H @ p @ H.T + R)
            x, p = x + gain @ (z - H @ x), (np.eye(2) - gain @ H) @ p
        expected.append(x)
        x, p = F @ x, F @ p @ F.T + Q
    assert out(tracked, **given) == pytest.approx(np.array(expected), rel=1e-9)


def test_every_engine_tracks_alike() -> None:
    assert_engines_agree(tracked, **stimulus(24))


def test_the_gain_settles() -> None:
    p = solve_discrete_are(F.T, H.T, Q, R)
    expected = p @ H.T @ np.linalg.inv(H @ p @ H.T + R)
    assert steady_gain(F, H, Q, R) == pytest.approx(expected, rel=1e-9)
