"""Reference drivers on the cut-in grid at low speed: as many crashes as the JRC's published code counts.

Each pair of speeds is 59 distances by 18 lateral speeds, all in one vector. The counts are those of that code, run as
it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, constant, f32, f64, maximum, node, state, where
from syncml.nodes.drivers import fuzzy_driver, human_driver, regulation_driver, rss_driver
from tests.nodes.running import assert_engines_agree, run

LENGTH, WIDTH, TICK, TICKS = 4.3, 1.9, 0.1, 350
RUNS = 59 * 18
Row = Vec[RUNS, f64]  # type: ignore[valid-type]


def loop(kind: str) -> Any:
    @node
    def cut_in(x: Stream[Row], y: Stream[Row], v: Stream[Row], w: Stream[Row], start: Stream[Row]) -> Stream[Any]:
        """Which runs have crashed; the study gives up those that its human driver judges to be no risk."""
        own, speed = state(init=constant(np.zeros(RUNS)), type=f64), state(init=start)
        crashed, over = (state(init=constant(np.zeros(RUNS, dtype=bool))) for _ in range(2))
        ahead, aside = x - own, abs(y) - WIDTH
        ends: Any = constant(np.zeros(RUNS, dtype=bool))
        if kind == "CC":
            braking, ends = human_driver(ahead, aside, speed, v)
        elif kind == "Reg157":
            braking = regulation_driver(ahead, aside, speed, v)
        else:
            braking = (rss_driver if kind == "RSS" else fuzzy_driver)(ahead, aside, speed, v, w)
        after = maximum(speed - TICK * braking, 0.0)
        own.next, speed.next = own + TICK * after, after
        now = crashed | (~over & (aside < 0.0) & (abs(ahead) - LENGTH < 0.0))
        crashed.next, over.next = now, over | ends
        return where(over, crashed, now)

    return cut_in


def grid(own: float, other: float) -> dict[str, Any]:
    """The other car of each run: it gets to its lateral speed with 1.5 m/s² and keeps it until it is in the lane."""
    columns = []
    for distance in range(1, 60):
        for lateral in np.arange(0.0, 1.8, 0.1):
            ramp = np.arange(0, -lateral, -1.5 / 10)
            begin = np.array([distance + LENGTH, 1.6 + WIDTH])
            turning = int(begin[1] / TICK // lateral + 1) if lateral else 0
            side = np.where(np.arange(TICKS) < turning, -lateral, 0.0)
            y = np.concatenate([[begin[1]], begin[1] + np.cumsum(side) * TICK])
            y = np.concatenate([begin[1] + np.cumsum(-ramp[::-1] * TICK)[::-1], y])
            x = begin[0] + other * TICK * (np.arange(len(y)) - len(ramp))
            x -= -own * TICK * len(ramp)
            columns.append((x, y, np.concatenate([ramp, [-lateral], side])))
    most = max(len(c[0]) for c in columns)
    found = {name: np.full((most, len(columns)), fill) for name, fill in (("x", -1e3), ("y", 1e3), ("w", 0.0))}
    for i, parts in enumerate(columns):
        for name, part in zip(("x", "y", "w"), parts, strict=True):
            found[name][: len(part) - 1, i] = part[:-1]
    found["w"] *= -1
    shape = found["x"].shape
    return {**found, "v": np.full(shape, other), "start": np.full(shape, own)}


CRASHES = {
    (20, 10): {"CC": 136, "Reg157": 74, "RSS": 9, "FSM": 17},
    (60, 10): {"CC": 438, "Reg157": 304, "RSS": 144, "FSM": 144},
}
"""Of the 15 pairs of the study, in km/h."""


@pytest.mark.parametrize("speeds", CRASHES)
def test_crashes_are_those_of_the_study(speeds: tuple[int, int]) -> None:
    given = grid(speeds[0] / 3.6, speeds[1] / 3.6)
    found = {kind: int(next(iter(run(loop(kind), **given).values()))[-1].sum()) for kind in CRASHES[speeds]}
    assert found == CRASHES[speeds]


@node
def rule(x: Stream[f32], y: Stream[f32], v: Stream[f32], w: Stream[f32]) -> Stream[f32]:
    return human_driver(x, y, v, w)[0] + regulation_driver(x, y, v, w)


def test_every_engine_drives_alike() -> None:
    rng = np.random.default_rng(4)
    x, y, v, w = rng.uniform([4, -1, 10, 0], [25, 1, 20, 12], (24, 4)).astype(np.float32).T
    assert_engines_agree(rule, x=x, y=y, v=v, w=w)
