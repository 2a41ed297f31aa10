"""Traffic against figures of highway-env 1.12.1 and against loops in Python."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, constant, f32, f64, i32, node
from syncml.nodes.traffic import FAR, Cars, Neighbour, following, idm, mobil, traffic
from tests.nodes.running import assert_engines_agree, out, run, verdicts


@node
def model(v: Stream[f64], v0: Stream[f64], gap: Stream[f64], lead: Stream[f64]) -> Stream[f64]:
    return idm(v, v0, gap, lead)


def test_the_figures_of_highway_env() -> None:
    rows = np.array([
        [20, 30, 30, 15, -6.924133344776961], [25, 25, 50, 30, -1.180332910551477], [0, 20, 12, 0, 0.9166666666666665],
        [30, 28, 8, 10, -823.4017134397807], [10, 30, 200, 10, 2.9160879629629632],
        [20, 30, FAR, 0, 2.4074074074074074], [30, 28, FAR, 5, -0.9534308621407739],
    ])  # fmt: skip
    v, v0, gap, lead, expected = rows.T
    assert out(model, v=v, v0=v0, gap=gap, lead=lead) == pytest.approx(expected, rel=1e-12)


@node
def changes(v: Stream[f64], others: Stream[Vec[L[12], f64]]) -> Stream[bool]:
    cars = [Neighbour(*(others[3 * i + j] for j in range(3))) for i in range(4)]
    return mobil(v, v * 0.0 + 28.0, *cars)


def test_mobil_decides_as_highway_env() -> None:
    """Own speed; gap, speed, wanted speed of the lead and the follower, and of those on the other lane."""
    cases = {
        (27, 62, 21, 22, 38, 12, 20, 16, 15, 28, 63, 28, 25): False,
        (24, 87, 25, 26, 55, 22, 29, 35, 26, 26, 15, 19, 28): False,
        (23, 17, 25, 27, 78, 15, 20, 79, 12, 25, 21, 17, 24): True,
        (21, 45, 12, 20, 24, 12, 26, 54, 23, 22, 61, 25, 23): False,
        (21, 89, 26, 29, 43, 24, 29, 63, 27, 26, 67, 19, 28): False,
        (22, 41, 24, 25, 34, 17, 27, 59, 21, 23, 72, 19, 23): True,
        (28, 34, 16, 27, 61, 12, 20, 43, 26, 24, 74, 17, 22): True,
        (26, 80, 13, 20, 65, 18, 25, 26, 27, 24, 82, 26, 27): False,
        (18, 72, 12, 25, 45, 29, 21, 85, 13, 26, 58, 28, 22): False,
    }
    rows = np.array(list(cases), dtype=np.float64)
    assert list(out(changes, v=rows[:, 0], others=rows[:, 1:])) == list(cases.values())


def test_every_engine_changes_lanes_alike() -> None:
    rng = np.random.default_rng(3)
    assert_engines_agree(changes, v=rng.uniform(10, 30, 24), others=rng.uniform(10, 60, (24, 12)))


@node
def limited(v: Stream[f32], v0: Stream[f32], gap: Stream[f32], lead: Stream[f32]) -> Stream[f32]:
    return following(v, v0, gap, lead)


def test_the_limits_are_proved() -> None:
    found = verdicts(limited, 5.0)
    assert any("within the limits" in name and proved for name, proved in found.items()), found


CARS = 6
Row = Vec[L[6], f64]


@node
def road(
    x: Stream[Row], v: Stream[Row], lane: Stream[Vec[L[6], i32]], v0: Stream[Row]
) -> tuple[Stream[Row], Stream[Row], Stream[Vec[L[6], i32]]]:
    return traffic(x, v, lane, v0, 3, 0.2, 5)


def by_hand(x: Any, v: Any, lane: Any, v0: Any, ticks: int) -> list[Any]:
    """Car by car, with the parameters of highway-env."""

    def pull(i: int, gap: float, lead: float) -> float:
        star = 10 + 1.5 * v[i] + v[i] * (v[i] - lead) / (2 * np.sqrt(15))
        return 3 * (1 - (v[i] / v0[i]) ** 4 - (star / gap) ** 2) if gap < FAR else 3 * (1 - (v[i] / v0[i]) ** 4)

    def beside(i: int, on: int, ahead: bool, lanes: Any) -> tuple[float, float, int]:
        offs = [(x[j] - x[i] if ahead else x[i] - x[j], j) for j in range(CARS) if lanes[j] == on]
        offs = [(off, j) for off, j in offs if off > 0]
        gap, j = min(offs, default=(FAR, -1))
        return gap, v[j] if j >= 0 else 0.0, j

    rows = []
    for t in range(ticks):
        rows.append((x.copy(), v.copy(), lane.copy()))
        leads = [beside(i, lane[i], True, lane) for i in range(CARS)]
        after = lane.copy()
        for i in range(CARS):
            before = after.copy()
            for side in (-1, 1):
                on = lane[i] + side
                if i % 5 != t % 5 or not 0 <= on < 3 or v[i] < 1:
                    continue
                gap, speed, _ = beside(i, on, True, before)
                back, _, j = beside(i, on, False, before)
                gain = pull(i, gap, speed) - pull(i, *beside(i, lane[i], True, before)[:2])
                if (
                    gain >= 0.2
                    and (j < 0 or pull(j, back, v[i]) >= -2)
                    and min(gap, back) > 10
                    and pull(i, gap, speed) >= -6
                ):
                    after[i] = on
        a = np.array([np.clip(pull(i, *leads[i][:2]), -6, 6) for i in range(CARS)])
        x, v, lane = x + 0.2 * v, np.maximum(v + 0.2 * a, 0), after
    return rows


@node
def fleeing(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[3], i32]]:
    cars = Cars(x, constant([20.0, 25.0, 15.0]), constant([0, 1, 1]), constant([20.0, 30.0, 15.0]))
    return cars.changed(1, 2, 3)


def test_nobody_changes_to_where_somebody_is() -> None:
    """The second car wants to leave the lane of the third one; the first is abreast, too near ahead or behind, far."""
    places = np.array([[first, 50.0, 70.0] for first in (50.0, 59.9, 40.1, 0.0, 150.0)], np.float32)
    assert out(fleeing, x=places).tolist() == [[0, 1, 1]] * 3 + [[0, 0, 1]] * 2


def start(ticks: int) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    first = {
        "x": np.arange(CARS) * 28.0 + rng.uniform(0, 5, CARS),
        "v": rng.uniform(12, 25, CARS),
        "lane": np.array([0, 1, 1, 1, 2, 1], dtype=np.int32),
        "v0": rng.uniform(15, 32, CARS),
    }
    return {name: np.repeat(value[None], ticks, axis=0) for name, value in first.items()}


def test_traffic_is_the_loop_over_cars() -> None:
    given = start(60)
    expected = by_hand(*(given[name][0] for name in ("x", "v", "lane", "v0")), 60)
    x, v, lane = run(road, **given).values()
    assert np.array_equal(lane, [row[2] for row in expected])
    assert len({tuple(row) for row in lane}) > 2
    assert x == pytest.approx(np.array([row[0] for row in expected]), rel=1e-9)
    assert v == pytest.approx(np.array([row[1] for row in expected]), rel=1e-9, abs=1e-9)
