"""The drift model against figures of the CommonRoad package, and its tyres against the formula written out.

The figures are those that ``vehicle_dynamics_std`` of ``commonroad-vehicle-models`` 3.0.2 gives for its vehicle 2 (a
BMW 320i); the drives are that function with Euler's rule, in steps of a millisecond.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, f64, node, vec
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.nodes.drift import ADAMS_TYRE, BMW_320I_WHEELS, DriftState, drift, drift_car
from syncml.nodes.integration import euler
from syncml.nodes.vehicles import BMW_320I, MetresPerSecondSquared, RadiansPerSecond
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from tests.nodes.running import assert_engines_agree, out

EXACT = {"rel": 1e-9, "abs": 1e-9}


@node
def slopes(x: Stream[Vec[L[9], f64]], u: Stream[Vec[L[2], f64]]) -> Stream[Vec[L[9], f64]]:
    return vec(*drift([x[i] for i in range(9)], u[0], u[1], BMW_320I))


# A start of a turn, at walking pace, backwards, a drift with spinning wheels, a locked wheel, between both models.
STATES = [
    ([2.0233348142065677, 0.0041907137716636, 0.0197545248559617, 15.721623633429012, 0.0025857914776859,
      0.0529001056654038, 0.0033012170610298, 45.6, 45.9], [0.15, 6.1803],
     [15.72135120308624, 0.09255279797193551, 0.15, 0.04055769686575657, 0.0529001056654038, 0.6371952470542568,
      0.02866246141613505, 61.97731916952794, 1109.5145430427176]),
    ([0, 0, 0.2, 0.15, 0.3, 0.01, 0.02, 0.4, 0.5], [0.3, 1.0],
     [0.14238531271236612, 0.04718498409241766, 0.3, 0.9080697771603728, 0.011512676578876337, 0.12081970919963211,
      5.52365590422363, 103.67180682945292, -104.05757349744103]),
    ([0, 0, -0.1, -5.0, 1.0, 0.2, -0.05, 0.2, -0.1], [-0.4, -12.0],
     [-2.9084154473194177, -4.067077523946868, -0.4, -11.5, 0.19423169284770425, 1.2270394537276608,
      -0.222883895915505, -10.0, 0.0]),
    ([0, 0, -0.35, 18.0, -0.5, 0.9, -0.4, 40.0, 75.0], [0.1, 8.0],
     [11.18897942887196, -14.099884373294701, 0.1, -2.6506741902382323, 0.9, -1.9598017226819588,
      -0.6523652955919101, 1079.3340270896633, 169.92371430211787]),
    ([1, 2, 0.1, 30.0, 0.7, -0.3, 0.05, 0.0, 87.0], [0.1, -11.0],
     [21.950666066214627, 20.449162800700023, 0.1, -6.326589254527138, -0.3, 1.0942504365117496,
      0.24130070977377435, -229.44549135453252, -822.6175481374427]),
    ([0, 0, 0.02, 0.24, 0.7, 0.05, 0.01, 0.6, 0.9], [-0.3, -2.0],
     [0.18200685023772195, 0.15644010504516878, -0.3, -0.7098222519092092, 0.04191359760026829, -5.346287133729584,
      -9.425124843455913, 397.82018873106375, -668.695824878255]),
]  # fmt: skip


def test_the_figures_of_commonroad() -> None:
    x, u, expected = (np.array(column, dtype=np.float64) for column in zip(*STATES, strict=True))
    assert out(slopes, x=x, u=u) == pytest.approx(expected, **EXACT)


@node
def drifting(start: DriftState, u: Stream[RadiansPerSecond], a: Stream[MetresPerSecondSquared]) -> DriftState:
    return drift_car(start, u, a, 0.001, rule=euler)


FIELDS = ("x", "y", "steer", "speed", "yaw", "yaw_rate", "slip", "front_wheel", "rear_wheel")


def begin(speed: float, ticks: int) -> dict[str, Any]:
    front, rear = (speed / 0.344,) * 2
    values = dict.fromkeys(FIELDS, 0.0) | {"speed": speed, "front_wheel": front, "rear_wheel": rear}
    return {f"start.{name}": np.full(ticks, value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("speed", "steering", "push", "expected"),
    [
        (15.0, [0.05] * 200, 1.0,
         [3.018901129056885, 0.005057559694575909, 0.009999999999999967, 15.192194574813609,
          0.0031842555132696976, 0.03945521584280378, 0.0017986586031412857,
          44.219905694522915, 44.640798167086245]),
        (20.0, [0.4] * 600 + [-0.4] * 400, 9.0,
         [21.317492186031973, 3.0659461855666574, 0.07999999999999975, 23.062388477777628,
          0.35175809463228075, 0.35672260358395985, -0.026407570446858656,
          66.77350667316678, 70.13625580519656]),
    ],
)  # fmt: skip
def test_a_drive_ends_where_commonroad_does(
    speed: float, steering: list[float], push: float, expected: list[float]
) -> None:
    ticks = len(steering) + 1
    checked = check(program_of(drifting))
    # The same code as in the test of the engines.
    simulation = compile_program(checked.program, Observe.ALL)
    values = {**begin(speed, ticks), "u": np.array([*steering, 0.0]), "a": np.full(ticks, push)}
    trace = simulation.run(values, ticks)
    assert [trace.column(v.name).values[-1] for v in checked.main.outputs] == pytest.approx(expected, **EXACT)


def test_every_engine_drives_alike() -> None:
    ticks = 24
    values = {name.replace(".", "__"): column for name, column in begin(15.0, ticks).items()}
    assert_engines_agree(drifting, **values, u=np.full(ticks, 0.3), a=np.full(ticks, 8.0))


@node
def forces(x: Stream[Vec[L[3], f64]]) -> Stream[Vec[L[2], f64]]:
    along, across = replace(ADAMS_TYRE, turned=0.0).forces(x[0], x[1], x[2])
    return vec(along, across)


def test_a_tyre_slips() -> None:
    """It brakes and pushes with at most its friction; what it gives across is less when it slips along."""
    straight, braking, spinning, turning, both = out(
        forces, x=np.array([[0, 0, 4e3], [0.1, 0, 4e3], [-0.1, 0, 4e3], [0, -0.1, 4e3], [0.5, -0.1, 4e3]])
    )
    assert abs(straight[0]) < 0.05 * 4e3
    assert -1.1739 * 4e3 <= braking[0] < -0.9 * 4e3
    assert 0.9 * 4e3 < spinning[0] <= 1.1739 * 4e3
    assert 0.9 * 4e3 < turning[1] <= 1.0489 * 4e3
    assert abs(both[1]) < 0.5 * turning[1]


@node
def began(speed: Stream[f64], steer: Stream[f64], slip: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    front, rear = BMW_320I_WHEELS.rolling(speed, steer, slip)
    return vec(front, rear)


def test_wheels_begin_without_slip() -> None:
    found = out(began, speed=np.array([20.0]), steer=np.array([0.1]), slip=np.array([-0.2]))[0]
    assert found == pytest.approx([20 * math.cos(0.2) * math.cos(0.1) / 0.344, 20 * math.cos(0.2) / 0.344])
