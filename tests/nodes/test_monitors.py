"""Safety distances against their formulas and by simulation, and the contracts that are proved of them."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Stream, Vec, f64, node, vec
from syncml.nodes.monitors import rss_lateral, rss_longitudinal, rss_monitor, time_headway, time_to_collision
from tests.nodes.running import assert_engines_agree, out, verdicts

N = 60
RNG = np.random.default_rng(7)
REAR, FRONT = RNG.uniform(0, 40, (2, N))
LEFT, RIGHT = RNG.uniform(-2, 2, (2, N))
GAP, ASIDE = RNG.uniform(-5, 80, N), RNG.uniform(-2, 4, N)


@node
def distances(rear: Stream[f64], front: Stream[f64], left: Stream[f64], right: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    return vec(rss_longitudinal(rear, front), rss_lateral(left, right))


def travelled(v: float, a: float, time: float, braking: float) -> float:
    """How far someone goes who accelerates for a time and then brakes to a halt; in either direction."""
    after = v + a * time
    return v * time + a * time**2 / 2 + after**2 / (2 * braking)


def test_the_safe_distances() -> None:
    found = out(distances, rear=REAR, front=FRONT, left=LEFT, right=RIGHT)
    along = [max(0.0, travelled(r, 3, 0.75, 6) - f * f / 12) for r, f in zip(REAR, FRONT, strict=True)]
    across = [
        0.3 + max(0.0, travelled(a, 1, 0.75, 1) - (b * 0.75 - 0.75**2 / 2 - (b - 0.75) ** 2 / 2))
        for a, b in zip(LEFT, RIGHT, strict=True)
    ]
    assert found == pytest.approx(np.array([along, across]).T, rel=1e-12)
    # The car behind goes 7.5 m + 0.84375 m and brakes from 12.25 m/s, the one ahead from 5 m/s. To the side they drift
    # towards each other with 1 m/s and 0.5 m/s: 1.03125 m + 1.53125 m and 0.65625 m + 0.78125 m, and the margin.
    by_hand = out(distances, rear=[10.0], front=[5.0], left=[1.0], right=[-0.5])[0]
    assert by_hand == pytest.approx([18.765625, 4.3], rel=1e-12)


@node
def dangerous(
    gap: Stream[f64], rear: Stream[f64], front: Stream[f64], aside: Stream[f64], left: Stream[f64], right: Stream[f64]
) -> Stream[bool]:
    return rss_monitor(gap, rear, front, aside, left, right)


@node
def times(gap: Stream[f64], closing: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    return vec(time_to_collision(gap, closing), time_headway(gap, closing, 5.0))


def test_the_monitor_compares() -> None:
    given = {"gap": GAP, "rear": REAR, "front": FRONT, "aside": ASIDE, "left": LEFT, "right": RIGHT}
    safe = out(distances, rear=REAR, front=FRONT, left=LEFT, right=RIGHT)
    expected = (safe[:, 0] > GAP) & (safe[:, 1] > ASIDE)
    assert 5 < expected.sum() < N - 5
    assert np.array_equal(out(dangerous, **given), expected)
    assert_engines_agree(dangerous, **given)


def test_times() -> None:
    closing = RNG.uniform(-10, 20, N)
    closing[:2] = 0.0, 1e-300
    with np.errstate(over="ignore", divide="ignore"):
        exact = np.where(closing > 0, np.maximum(GAP, 0) / closing, np.inf)
    found = out(times, gap=GAP, closing=closing)
    assert found[:, 0] == pytest.approx(np.minimum(exact, 100.0), rel=1e-12)
    assert found[:, 1] == pytest.approx(np.minimum(exact, 5.0), rel=1e-12)


@pytest.mark.parametrize("main", [dangerous, times])
def test_the_contracts_are_proved(main: Any) -> None:
    found = verdicts(main)
    assert found
    assert all(found.values()), found
