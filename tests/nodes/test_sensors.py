"""Sensors against their geometry in NumPy."""

from __future__ import annotations

from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, f32, f64, i32, node
from syncml.nodes.sensors import Radar, gnss, held, inertial, lane_camera, lidar, measured, radar
from tests.nodes.running import assert_engines_agree, out, run, verdicts

N = 60
RNG = np.random.default_rng(9)
LOST = RNG.random(N) < 0.3


@node
def holding(x: Stream[f32], lost: Stream[bool]) -> tuple[Stream[f32], Stream[i32]]:
    return held(x, lost, -1.0, 5)


def test_held() -> None:
    x, lost = np.arange(9, dtype=np.float32), np.array([1, 0, 0, 1, 1, 0, 1, 1, 1], dtype=bool)
    value, age = run(holding, x=x, lost=lost).values()
    assert list(value) == [-1, 1, 2, 2, 2, 5, 5, 5, 5]
    assert list(age) == [5, 0, 0, 1, 2, 0, 1, 2, 3]
    assert all(verdicts(holding).values())


@node
def late(x: Stream[f64], noise: Stream[f64], lost: Stream[bool]) -> Stream[f64]:
    return measured(x, noise, lost, 0.5, 3, 7.0)


def test_measured() -> None:
    x, noise = RNG.normal(size=(2, N))
    last, expected = 7.0, []
    for value, gone in zip(x + 0.5 * noise, LOST, strict=True):
        last = last if gone else value
        expected.append(last)
    found = out(late, x=x, noise=noise, lost=LOST)
    assert found == pytest.approx(np.concatenate([[7.0] * 3, expected[:-3]]), rel=1e-12)


@node
def seen(
    x: Stream[f64], y: Stream[f64], vx: Stream[f64], vy: Stream[f64], noise: Stream[Vec[L[3], f64]], lost: Stream[bool]
) -> tuple[Stream[bool], Stream[Vec[L[3], f64]]]:
    return radar(x, y, vx, vy, noise, lost, Radar(latency=2))


def test_radar() -> None:
    x, y = RNG.uniform(-20, 220, N), RNG.uniform(-30, 30, N)
    vx, vy = RNG.normal(size=(2, N)) * 5
    noise = RNG.normal(size=(N, 3))
    given = {"x": x, "y": y, "vx": vx, "vy": vy, "noise": noise, "lost": LOST}
    valid, echo = run(seen, **given).values()
    far = np.hypot(x, y)
    expected = ~LOST & (far <= 200) & (abs(np.arctan2(y, x)) <= 0.35)
    assert 10 < expected.sum() < N
    assert np.array_equal(valid, np.concatenate([[False, False], expected[:-2]]))
    exact = np.stack([far, (x * vx + y * vy) / far, np.arctan2(y, x)], axis=1) + noise * [0.25, 0.1, 0.005]
    assert echo[2:] == pytest.approx(np.where(expected[:-2, None], exact[:-2], 0.0), rel=1e-9, abs=1e-12)
    assert_engines_agree(seen, **given)


BEAMS = (-0.2, 0.0, 0.1, 1.5)


@node
def scan(
    x: Stream[Vec[L[2], f64]], y: Stream[Vec[L[2], f64]], r: Stream[Vec[L[2], f64]], noise: Stream[Vec[L[4], f64]]
) -> Stream[Vec[L[4], f64]]:
    return lidar(x, y, r, noise, BEAMS, 60.0, 0.02)


def test_lidar_meets_the_nearest_disc() -> None:
    x, y = np.array([[10.0, 30.0]]), np.array([[0.5, 0.0]])
    r, noise = np.array([[1.0, 9.0]]), np.array([[1.0, -2.0, 0.0, 3.0]])
    found = out(scan, x=x, y=y, r=r, noise=noise)[0]
    assert found[1] == pytest.approx(10 - np.sqrt(1 - 0.25) - 0.04)
    assert found[3] == 60.0
    for beam, distance in ((-0.2, found[0] - 0.02), (0.1, found[2])):
        point = distance * np.array([np.cos(beam), np.sin(beam)])
        assert min(abs(np.hypot(*(point - c)) - k) for c, k in (((10, 0.5), 1), ((30, 0), 9))) < 1e-12


@node
def camera(
    a: Stream[f64], b: Stream[f64], c: Stream[f64], noise: Stream[Vec[L[3], f64]], lost: Stream[bool]
) -> tuple[Stream[Vec[L[3], f64]], Stream[i32]]:
    return lane_camera(a, b, c, noise, lost, latency=1)


@node
def position(
    p: Stream[Vec[L[2], f64]], noise: Stream[Vec[L[2], f64]], lost: Stream[bool]
) -> tuple[Stream[bool], Stream[Vec[L[2], f64]]]:
    return gnss(p, noise, lost, 1.2, 2)


@node
def gyroscope(w: Stream[f64], noise: Stream[f64], walk: Stream[f64]) -> Stream[f64]:
    return inertial(w, noise, walk, 0.1, 0.01, 0.5)


def test_camera_position_and_inertia() -> None:
    truth, noise = RNG.normal(size=(2, N, 3))
    lane, age = run(camera, a=truth[:, 0], b=truth[:, 1], c=truth[:, 2], noise=noise, lost=LOST).values()
    exact = truth + noise * [0.03, 0.003, 0.0005]
    arrived = np.flatnonzero(~LOST[:-1])
    assert lane[arrived + 1] == pytest.approx(exact[arrived], rel=1e-12)
    assert np.array_equal(age == 0, ~LOST)
    valid, fix = run(position, p=truth[:, :2], noise=noise[:, :2], lost=LOST).values()
    assert np.array_equal(valid[2:], ~LOST[:-2])
    assert fix[2:][valid[2:]] == pytest.approx((truth + 1.2 * noise)[:-2, :2][valid[2:]], rel=1e-12)
    found = out(gyroscope, w=truth[:, 0], noise=noise[:, 0], walk=noise[:, 1])
    bias = 0.5 + 0.01 * np.concatenate([[0.0], np.cumsum(noise[:-1, 1])])
    assert found == pytest.approx(truth[:, 0] + bias + 0.1 * noise[:, 0], rel=1e-9)
