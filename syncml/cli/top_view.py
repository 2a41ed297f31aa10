"""A run from above: which ticks are shown, and the camera.

Rule: the camera goes with the ego, which stays at one place of the picture, and turns with the road, so that the ego
always travels to the right; a change of lane is seen as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from syncml.dataclass import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from syncml.scenario.movement import Movement

Numbers = TypeVar("Numbers", float, "NDArray[np.float64]")
WIDTH, HEIGHT, STRIP = 960, 240, 36
"""Of the picture, and of the strip at its top that has the figures."""
EGO_AT = (0.3 * WIDTH, 0.5 * (HEIGHT + STRIP))
"""Where the ego is in the picture."""
LEAST_WIDTH, GREATEST_WIDTH = 70.0, 150.0
"""Metres of road that the picture shows."""
COLLISION = "COLLISION"
SMALL, HALO = 1.5, 0.9
"""An actor that is not longer than so many metres has a ring around it, of that radius."""
GROUND, ROAD, PAINT, CENTRE = "#d9dfd2", "#5d636d", "#f4f5f7", "#f2c14e"
EGO, OTHER, HIT, GLASS = "#2f7fd6", "#e7e9ee", "#d7263d", "#1f2733"


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a point of the plane is in the picture, in pixels: the coefficients of an SVG ``matrix``."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def place(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """A point of the plane in the picture."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f


def scale(moved: Movement) -> float:
    """Pixels for a metre, so that the nearest other actor is in the picture if that can be."""
    wide = LEAST_WIDTH
    if len(moved.actors) > 1 and moved.ticks:
        ego = moved.ego
        away = np.hypot(moved.x - moved.x[:, [ego]], moved.y - moved.y[:, [ego]])
        away[:, ego] = np.inf
        wide = 1.6 * float(away.min(axis=1).max())
    return WIDTH / min(max(wide, LEAST_WIDTH), GREATEST_WIDTH)


def camera(moved: Movement, tick: int, pixels: float, fine: float = 1.0) -> Camera:
    """The camera at a tick, with so many pixels for a metre, for a picture that is ``fine`` times as large."""
    cos, sin = fine * pixels * math.cos(moved.ahead[tick]), fine * pixels * math.sin(moved.ahead[tick])
    x, y = float(moved.x[tick, moved.ego]), float(moved.y[tick, moved.ego])
    return Camera(cos, sin, sin, -cos, fine * EGO_AT[0] - cos * x - sin * y, fine * EGO_AT[1] - sin * x + cos * y)


def name_above(moved: Movement, i: int, pixels: float) -> float:
    """By how many pixels the name of an actor is above its middle: that of the ego is below, the others' above."""
    half = 0.5 * float(moved.sizes[i, 1]) * pixels
    return -half - 17.0 if i == moved.ego else half + 8.0


def shown_ticks(moved: Movement, rate: float, most: int, also: Sequence[int] = ()) -> list[int]:
    """The ticks that are shown: ``rate`` a second, but at most so many; and the last one, and others."""
    every = max(1.0, 1.0 / (rate * moved.period), moved.ticks / most)
    ticks = {round(n * every) for n in range(math.ceil(moved.ticks / every))}
    return sorted(tick for tick in ticks | {moved.ticks - 1, *also} if 0 <= tick < moved.ticks)


def told(moved: Movement, tick: int) -> str:
    """The figures of a tick: time, the ego's speed, the gap to its lead, and whether it has collided."""
    speed, gap = float(moved.speed[tick, moved.ego]), float(moved.gap[tick])
    text = f"{tick * moved.period:.2f} s   {moved.actors[moved.ego]} {speed:.1f} m/s ({3.6 * speed:.0f} km/h)   "
    text += f"gap {gap:.1f} m" if math.isfinite(gap) else "no lead"
    return text + (f"   {COLLISION}" if moved.collision is not None and tick >= moved.collision else "")
