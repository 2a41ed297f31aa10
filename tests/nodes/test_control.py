"""Controllers against their formulas and SciPy, and the contracts that are proved of them."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from scipy.linalg import expm, solve_discrete_are

from syncml import Stream, Vec, cos, f32, f64, node, sin, sqrt, state, vec
from syncml.nodes.angles import tan
from syncml.nodes.control import lqr, pid, pure_pursuit, riccati, sampled, stanley, state_feedback
from tests.nodes.running import assert_engines_agree, out, verdicts

ERROR = np.random.default_rng(3).normal(size=80) * 3 + 1


@node
def controller(e: Stream[f64]) -> Stream[f64]:
    return pid(e, 0.02, 1.5, 4.0, 0.01, -3.5, 2.0)


def test_pid_waits_while_it_is_limited() -> None:
    integral, before, expected, waited = 0.0, None, [], 0
    for e in ERROR:
        slope = 0.0 if before is None else (e - before) / 0.02
        wanted = 1.5 * e + integral + 0.01 * slope
        expected.append(min(max(wanted, -3.5), 2.0))
        if (wanted > 2.0 and e > 0) or (wanted < -3.5 and e < 0):
            waited += 1
        else:
            integral = min(max(integral + 4.0 * 0.02 * e, -3.5), 2.0)
        before = e
    assert 5 < waited < 70
    assert out(controller, e=ERROR) == pytest.approx(np.array(expected), rel=1e-12)


def test_an_integral_that_waits_comes_back_at_once() -> None:
    """After 100 ticks of an error that cannot be met, the command follows the error's sign within a tick."""
    error = np.array([5.0] * 100 + [-1.0] * 5)
    assert out(controller, e=error)[100] < 2.0


@node
def single(e: Stream[f32]) -> Stream[f32]:
    return pid(e, 0.02, 1.5, 4.0, 0.0, -3.5, 2.0)


def test_pid_is_proved_and_alike_in_every_engine() -> None:
    found = verdicts(single)
    assert found
    assert all(found.values()), found
    assert_engines_agree(single, e=ERROR.astype(np.float32))


A = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, -1 / 0.3]])
B = np.array([[0.0], [0.0], [1 / 0.3]])
Q, R = np.diag([1.0, 2.0, 0.1]), np.array([[0.5]])


def test_sampling() -> None:
    a, b = sampled(A, B, 0.1)
    exact = expm(np.block([[A, B], [np.zeros((1, 4))]]) * 0.1)
    assert a == pytest.approx(exact[:3, :3], abs=1e-14)
    assert b == pytest.approx(exact[:3, 3:], abs=1e-14)
    far = sampled(A, B, 7.0)[0]
    assert far == pytest.approx(expm(A * 7.0), rel=1e-11, abs=1e-11)


def test_riccati_and_gain() -> None:
    a, b = sampled(A, B, 0.1)
    p = riccati(a, b, Q, R)
    assert p == pytest.approx(solve_discrete_are(a, b, Q, R), rel=1e-9)
    k = lqr(a, b, Q, R)
    assert k == pytest.approx(np.linalg.solve(R + b.T @ p @ b, b.T @ p @ a))
    assert max(abs(np.linalg.eigvals(a - b @ k))) < 1


def test_what_cannot_be_stabilised_is_refused() -> None:
    with pytest.raises(ValueError, match="no stabilising"):
        riccati(np.diag([2.0, 0.5]), np.array([[0.0], [1.0]]), np.eye(2), np.eye(1))


GAIN = lqr(*sampled(A, B, 0.1), Q, R)


@node
def feedback(x: Stream[Vec[L[3], f64]], r: Stream[Vec[L[3], f64]]) -> Stream[Vec[L[1], f64]]:
    return state_feedback(x, r, GAIN)


def test_state_feedback() -> None:
    rng = np.random.default_rng(1)
    x, r = rng.normal(size=(2, 24, 3))
    assert out(feedback, x=x, r=r) == pytest.approx((r - x) @ GAIN.T, rel=1e-12)
    assert_engines_agree(feedback, x=x, r=r)


@node
def towards(a: Stream[f64], b: Stream[f64], v: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    return vec(stanley(a, b, v, 2.5, 1.0, 0.6), pure_pursuit(v, b, 2.7, 0.6))


def test_lateral_controllers() -> None:
    rng = np.random.default_rng(2)
    heading, offset, v = rng.uniform(-0.5, 0.5, 50), rng.uniform(-2, 2, 50), rng.uniform(-1, 20, 50)
    found = out(towards, a=heading, b=offset, v=v)
    expected = np.clip(heading + np.arctan(2.5 * offset / (np.maximum(v, 0) + 1)), -0.6, 0.6)
    assert found[:, 0] == pytest.approx(expected, rel=1e-12)
    radius = (v**2 + offset**2) / (2 * offset)
    assert found[:, 1] == pytest.approx(np.clip(np.arctan(2.7 / radius), -0.6, 0.6), rel=1e-12)
    proved: Any = verdicts(towards)
    assert sum("steering within" in name for name in proved) == 2
    assert all(proved.values()), proved


@node
def on_a_circle(start: Stream[f64]) -> Stream[f64]:
    """A car under pure pursuit that looks at a point of a circle of 20 m, 4 m ahead on it; its distance from it."""
    x, y, yaw = (state(init=each, type=f64) for each in (start, start * 0.0, start * 0.0 + np.pi / 2))
    around = sqrt(x * x + y * y)
    c, s = x / around, y / around
    px = 20.0 * (c * np.cos(0.2) - s * np.sin(0.2)) - x
    py = 20.0 * (s * np.cos(0.2) + c * np.sin(0.2)) - y
    steer = pure_pursuit(px * cos(yaw) + py * sin(yaw), py * cos(yaw) - px * sin(yaw), 2.7, 0.6)
    x.next, y.next = x + 0.25 * cos(yaw), y + 0.25 * sin(yaw)
    yaw.next = yaw + 0.25 / 2.7 * tan(steer)
    return around


def test_pure_pursuit_stays_on_a_circle() -> None:
    found = out(on_a_circle, start=np.full(150, 21.0))
    assert abs(found[-1] - 20.0) < 0.2
