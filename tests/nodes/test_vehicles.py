"""Vehicle models against their published equations in NumPy, and against figures of the CommonRoad package.

The figures are those that ``commonroad-vehicle-models`` 3.0.2 gives for its vehicle 2 (a BMW 320i).
"""

from __future__ import annotations

import math
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, constant, f32, f64, node, stack, vec
from syncml.nodes.integration import euler, heun, runge_kutta
from syncml.nodes.vehicles import (
    BMW_320I,
    KinematicState,
    MetresPerSecondSquared,
    RadiansPerSecond,
    SingleTrackState,
    kinematic,
    kinematic_car,
    single_track,
    single_track_car,
)
from tests.nodes.running import assert_engines_agree, out, run

EXACT = {"rel": 1e-9, "abs": 1e-9}
C = BMW_320I


@node
def kinematic_slopes(x: Stream[Vec[L[5], f64]], u: Stream[Vec[L[2], f64]]) -> Stream[Vec[L[5], f64]]:
    return vec(*kinematic([x[i] for i in range(5)], u[0], u[1], C))


@node
def single_track_slopes(x: Stream[Vec[L[7], f64]], u: Stream[Vec[L[2], f64]]) -> Stream[Vec[L[7], f64]]:
    return vec(*single_track([x[i] for i in range(7)], u[0], u[1], C))


def limits(steer: float, rate: float, speed: float, push: float) -> tuple[float, float]:
    turn = min(max(rate, -0.4), 0.4)
    if abs(steer) >= 1.066 and rate * steer >= 0:
        turn = 0.0
    accelerated = min(max(push, -11.5), 11.5 * min(1.0, 7.319 / speed) if speed > 0 else 11.5)
    if (speed <= -13.9 and push <= 0) or (speed >= 50.8 and push >= 0):
        accelerated = 0.0
    return turn, accelerated


def by_hand_kinematic(x: Any, u: Any) -> list[float]:
    turn, push = limits(x[2], u[0], x[3], u[1])
    return [x[3] * math.cos(x[4]), x[3] * math.sin(x[4]), turn, push, x[3] * math.tan(x[2]) / 2.5789128]


def by_hand(x: Any, u: Any) -> list[float]:
    """The dynamic model from the balance of forces and moments, its tyre forces written out."""
    _, _, steer, v, yaw, rate, slip = x
    turn, push = limits(steer, u[0], v, u[1])
    lf, lr, m, inertia, h, mu, cs = 1.1561957064, 1.4227170936, C.mass, C.inertia, C.height, 1.0489, 21.92 / 1.0489
    base = lf + lr
    if abs(v) < 0.1:
        beta = math.atan(lr / base * math.tan(steer))
        d_slip = lr * turn / (base * math.cos(steer) ** 2 * (1 + (lr / base * math.tan(steer) ** 2) ** 2))
        d_rate = push * math.cos(slip) * math.tan(steer) - v * math.sin(slip) * d_slip * math.tan(steer)
        d_rate = (d_rate + v * math.cos(slip) * turn / math.cos(steer) ** 2) / base
        d_yaw = v * math.cos(beta) * math.tan(steer) / base
        return [v * math.cos(yaw + beta), v * math.sin(yaw + beta), turn, push, d_yaw, d_rate, d_slip]
    load_front, load_rear = m * (9.81 * lr - push * h) / base, m * (9.81 * lf + push * h) / base
    force_front = mu * cs * load_front * (steer - slip - lf * rate / v)
    force_rear = mu * cs * load_rear * (-slip + lr * rate / v)
    d_rate = (lf * force_front - lr * force_rear) / inertia
    d_slip = (force_front + force_rear) / (m * v) - rate
    return [v * math.cos(yaw + slip), v * math.sin(yaw + slip), turn, push, rate, d_rate, d_slip]


def states(count: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(5)
    low = [-9, -9, -1.0, -13.0, -3, -1, -0.5]
    high = [9, 9, 1.0, 50.0, 3, 1, 0.5]
    found = rng.uniform(low, high, (count, 7))
    found[::5, 3] = rng.uniform(-0.099, 0.099, len(found[::5]))
    found[::7, 2] = 1.066
    found[1::7, 2] = -1.066
    found[2::7, 3] = 50.8
    found[3::7, 3] = -13.9
    return found


def commands(count: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(6).uniform([-0.6, -15], [0.6, 15], (count, 2))


def test_the_kinematic_model_is_its_equations() -> None:
    x, u = states(70)[:, :5], commands(70)
    expected = np.array([by_hand_kinematic(*each) for each in zip(x, u, strict=True)])
    assert out(kinematic_slopes, x=x, u=u) == pytest.approx(expected, **EXACT)


def test_the_dynamic_model_is_its_equations() -> None:
    x, u = states(70), commands(70)
    expected = np.array([by_hand(*each) for each in zip(x, u, strict=True)])
    assert out(single_track_slopes, x=x, u=u) == pytest.approx(expected, **EXACT)


KINEMATIC = [
    ([3.9579422297936526, 0.39650771607, 0.0378491427211811, 16.354695786088357, 0.0294717351052816],
     [0.15, 6.1803], [16.34759359342502, 0.48193148860131213, 0.15, 5.146442410233975, 0.24014265786276287]),
    ([0, 0, 1.066, 55.0, 1.2], [0.4, -20.0], [19.92967649621705, 51.26214972819744, 0, -11.5, 38.59731231187973]),
    ([0, 0, -0.4, -13.9, -2.0], [-1.0, -3.0], [5.78444102800528, 12.639234232876976, -0.4, 0, 2.278799709885673]),
    ([1, 2, 0.3, 20.0, 0.7], [-0.2, 9.0],
     [15.29684374568977, 12.88435374475382, -0.2, 4.208425, 2.3989663365866676]),
]  # fmt: skip
SINGLE_TRACK = [
    ([2.0233348142065677, 0.0041907137716636, 0.0197545248559617, 15.721623633429012, 0.0025857914776859,
      0.0529001056654038, 0.0033012170610298], [0.15, 6.1803],
     [15.72135120308624, 0.09255279797193551, 0.15, 5.3536773276413925, 0.0529001056654038, 0.6435589397748606,
      0.03132979716412915]),
    ([0, 0, 0.2, 0.05, 0.3, 0.01, 0.02], [0.3, 1.0],
     [0.04582875363596389, 0.019993132325229243, 0.3, 1.0, 0.003905798364041319, 0.08462784583034723,
      0.17221416435326947]),
    ([0, 0, -0.1, -5.0, 1.0, 0.2, -0.05], [-0.4, -12.0],
     [-2.9084154473194177, -4.067077523946868, -0.4, -11.5, 0.2, -0.2544414853835235, -0.015640687124789387]),
    ([0, 0, 0.05, 30.0, -0.5, 0.3, -0.02], [0.1, 8.0],
     [26.034575390329497, -14.906404135312103, 0.1, 2.8056166666666664, 0.3, 0.9880763845283611, 0.0292607343782659]),
]  # fmt: skip


@pytest.mark.parametrize(("main", "cases"), [(kinematic_slopes, KINEMATIC), (single_track_slopes, SINGLE_TRACK)])
def test_the_figures_of_commonroad(main: Any, cases: Any) -> None:
    x, u, expected = (np.array(column, dtype=np.float64) for column in zip(*cases, strict=True))
    assert out(main, x=x, u=u) == pytest.approx(expected, **EXACT)


@node
def dynamic(
    start: SingleTrackState, u: Stream[RadiansPerSecond], a: Stream[MetresPerSecondSquared]
) -> SingleTrackState:
    return single_track_car(start, u, a, 0.01)


@node
def rolling(start: KinematicState, u: Stream[RadiansPerSecond], a: Stream[MetresPerSecondSquared]) -> KinematicState:
    return kinematic_car(start, u, a, 0.01)


def drive(fields: tuple[str, ...], ticks: int) -> dict[str, Any]:
    start = {f"start__{name}": np.full(ticks, 15.0 if name == "speed" else 0.0) for name in fields}
    return {**start, "u": np.full(ticks, 0.05), "a": np.full(ticks, 1.0)}


FIELDS = ("x", "y", "steer", "speed", "yaw", "yaw_rate", "slip")


def test_a_drive_ends_where_commonroad_does() -> None:
    found = run(dynamic, **drive(FIELDS, 21))
    expected = [3.019991877702698, 0.005334633986398084, 0.01, 15.2, 0.0030140462197653477, 0.0381425343779938,
                0.0020296740503280134]  # fmt: skip
    assert [column[20] for column in found.values()] == pytest.approx(expected, **EXACT)
    found = run(rolling, **drive(FIELDS[:5], 21))
    expected = [3.019989585158738, 0.005913802959992658, 0.01, 15.2, 0.005868203844171764]
    assert [column[20] for column in found.values()] == pytest.approx(expected, **EXACT)


@node
def skidding(
    start: SingleTrackState, u: Stream[RadiansPerSecond], a: Stream[MetresPerSecondSquared]
) -> SingleTrackState:
    return single_track_car(start, u, a, 0.01, rule=euler)


def test_every_engine_drives_alike() -> None:
    assert_engines_agree(skidding, **drive(FIELDS, 24))


@node
def decays(x: Stream[f64]) -> Stream[Mat[L[3], L[2], f64]]:
    """One step of a rotation that decays, by each rule; the state has two scalars."""

    def turning(a: Any, b: Any) -> tuple[Any, Any]:
        return -0.5 * a - 2.0 * b, 2.0 * a - 0.5 * b

    return stack(*(vec(*rule(turning, [x, constant(0.0, f64)], 0.05)) for rule in (euler, heun, runge_kutta)))


def test_the_rules_have_their_orders() -> None:
    """A step is the series of the exponential up to the order of the rule."""
    slope = np.array([[-0.5, -2.0], [2.0, -0.5]]) * 0.05
    start = np.array([1.5, 0.0])
    series, term = start, start
    reached = {}
    for order in range(1, 5):
        term = slope @ term / order
        series = series + term
        reached[order] = series
    found = out(decays, x=np.array([1.5]))[0]
    for row, order in zip(found, (1, 2, 4), strict=True):
        assert row == pytest.approx(reached[order], rel=1e-14)


@node
def falls(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[2]]]:
    (after,) = runge_kutta(lambda v: [-v], [x], 0.1)
    return after


@node
def single(x: Stream[f32]) -> Stream[Vec[L[7]]]:
    return vec(*single_track([x] * 7, x, x, C))


def test_states_may_be_vectors_and_single_precision() -> None:
    x = np.array([[1.0, -2.0]], dtype=np.float32)
    assert out(falls, x=x) == pytest.approx(x * (1 - 0.1 + 0.005 - 0.1**3 / 6 + 0.1**4 / 24), rel=1e-6)
    expected = by_hand([0.25] * 7, [0.25, 0.25])
    assert out(single, x=np.array([0.25], dtype=np.float32))[0] == pytest.approx(expected, rel=1e-5)
