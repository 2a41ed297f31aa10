"""Where the actors of a run are in the plane, tick by tick, and the road beneath them.

Rule: what the actors do at tick k depends on earlier outputs of the program alone. So the outputs of a trace drive the
actors of its scene through the same ticks again, by the same step function: a run need not record where they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.scenario import engine
from syncml.scenario.arrays import COSINE, DIRECTION, SINE, SPEED, S, State, T, Table
from syncml.scenario.closed_loop import Scene
from syncml.scenario.measures import overlap
from syncml.scenario.roads import lane_centre, lane_width, to_world
from syncml.sim.trace import Trace

Floats = NDArray[np.float64]
Line = tuple[tuple[float, float], ...]
"""Points x, y."""

STEP = 2.0
"""Metres between the points of a lane's edge, where it is not straight; more on a road of very many points."""
POINTS = 4000
"""Points of an edge at most."""
BEYOND = 10_000.0
"""Metres from the road at which the view ends."""
SIGHT = 250.0
"""Metres of road that are drawn before and behind where any actor is."""


class Mark(StrEnum):
    """What the line at the edge of a lane is."""

    BORDER = "border"
    """No lane is beyond it."""
    CENTRE = "centre"
    """Lanes that are numbered leftwards and rightwards meet."""
    BETWEEN = "between"
    """It lies between two lanes on the same side."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A road from above: the areas of its lanes, each a polygon, and the lines at their edges."""

    lanes: tuple[Line, ...]
    lines: tuple[tuple[Mark, Line], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """A run from above, in metres, radians, m/s; arrays have a row for each tick and a column for each actor.

    Attributes:
        actors: Their names.
        ego: Which of them the program drives.
        sizes: The length and the width of each.
        x: Of the middle of each box.
        y: The same.
        heading: Of each box.
        speed: Of each actor, along its path.
        gap: The free distance of the ego to its lead at each tick; infinite where there is none.
        ahead: The heading of the road at the ego, in the direction in which the ego travels, at each tick.
        touching: Whether a box overlaps that of the ego; the ego touches if any other does.
        period: Of a tick, in seconds.
        road: Its lanes.
    """

    actors: tuple[str, ...]
    ego: int
    sizes: Floats
    x: Floats
    y: Floats
    heading: Floats
    speed: Floats
    gap: Floats
    ahead: Floats
    touching: NDArray[np.bool_]
    period: float
    road: Outline

    @property
    def ticks(self) -> int:
        """How many there are."""
        return len(self.x)

    @property
    def collision(self) -> int | None:
        """The tick at which the ego first touches another actor, or None."""
        touched = np.flatnonzero(self.touching[:, self.ego])
        return int(touched[0]) if len(touched) else None


def movement(scene: Scene, trace: Trace) -> Movement:
    """Where the actors of a scene were in a run, for as long as all of them are near the road.

    Args:
        scene: The scene of the run.
        trace: What the program put out in it.
    """
    w, x = scene.arrays()
    ego, count, ticks = int(w.ego[0]), len(w.sizes), trace.ticks
    speeds = trace.column(scene.met.speed).values
    offsets = trace.column(scene.met.offset).values if scene.met.offset else np.zeros(ticks)
    boxes, speed, along = np.zeros((3, ticks, count)), np.zeros((ticks, count)), np.zeros((ticks, count))
    gap, ahead = np.full(ticks, np.inf), np.zeros(ticks)
    touching = np.zeros((ticks, count), dtype=np.bool_)
    last = float(w.line[-1, 0] + w.line[-1, 4])
    for tick in range(ticks):
        driven = (float(speeds[tick - 1]), float(offsets[tick - 1])) if tick else (0.0, 0.0)
        if all(map(math.isfinite, driven)):
            engine.step(w, x, tick, scene.period, *driven)
        # A comparison with NaN does not hold.
        near = (x.motion[:, S] > -BEYOND) & (x.motion[:, S] < last + BEYOND) & (abs(x.motion[:, T]) < BEYOND)
        if not (all(map(math.isfinite, driven)) and near.all()):
            ticks = tick
            break
        for i in range(count):
            boxes[:, tick, i] = _box(w, x, i)
            touching[tick, i] = i != ego and overlap(w, x, ego, i)
        touching[tick, ego] = touching[tick].any()
        speed[tick], along[tick] = x.motion[:, SPEED], x.motion[:, S]
        _, _, forward = to_world(w.line, x.motion[ego, S], 0.0)
        ahead[tick] = forward + (math.pi if x.motion[ego, DIRECTION] < 0.0 else 0.0)
        if x.senses[1] != 0.0:
            gap[tick] = x.senses[3]
    across, up, heading = boxes[:, :ticks]
    road = outline(w, float(along[:ticks].min(initial=0.0)), float(along[:ticks].max(initial=0.0)))
    return Movement(
        scene.board.actors, ego, w.sizes[:, :2], across, up, heading, speed[:ticks], gap[:ticks], ahead[:ticks],
        touching[:ticks], scene.period, road,
    )  # fmt: skip


def _box(w: Table, x: State, i: int) -> tuple[float, float, float]:
    """The middle of an actor's box in the plane, and its heading."""
    px, py, along = to_world(w.line, x.motion[i, S], x.motion[i, T])
    heading = along + math.atan2(x.motion[i, SINE], x.motion[i, COSINE])
    cos, sin = math.cos(heading), math.sin(heading)
    return px + w.sizes[i, 2] * cos - w.sizes[i, 3] * sin, py + w.sizes[i, 2] * sin + w.sizes[i, 3] * cos, heading


def outline(w: Table, low: float, high: float) -> Outline:
    """The lanes about the stretch of road from ``low`` to ``high``."""
    last = float(w.line[-1, 0] + w.line[-1, 4])
    places = _places(w, max(low - SIGHT, min(low, 0.0)), min(high + SIGHT, max(high, last)))
    numbers = {int(lane) for lane in w.widths[:, 2]}
    both = len({lane > 0 for lane in numbers}) == 2
    middle = tuple(to_world(w.line, s, lane_centre(w.widths, w.shifts, 0.0, s))[:2] for s in places)
    lines = [(Mark.CENTRE if both or not numbers else Mark.BORDER, middle)]
    areas: list[Line] = []
    for lane in sorted(numbers):
        side = 1.0 if lane > 0 else -1.0
        for near, far in _stretches(w, lane, side, places):
            areas.append((*near, *reversed(far)))
            lines.append((Mark.BETWEEN if lane + side in numbers else Mark.BORDER, far))
    return Outline(tuple(areas), tuple(lines))


def _stretches(w: Table, lane: int, side: float, places: list[float]) -> Iterator[tuple[Line, Line]]:
    """The inner and the outer edge of a lane, for each stretch of road on which there is one."""
    for exists, group in groupby(places, key=lambda s: lane_width(w.widths, lane, s) > 0.0):
        stretch = list(group)
        if exists and len(stretch) > 1:
            edges: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
            for s in stretch:
                centre, half = lane_centre(w.widths, w.shifts, lane, s), 0.5 * side * lane_width(w.widths, lane, s)
                edges[0].append(to_world(w.line, s, centre - half)[:2])
                edges[1].append(to_world(w.line, s, centre + half)[:2])
            yield tuple(edges[0]), tuple(edges[1])


def _places(w: Table, low: float, high: float) -> list[float]:
    """Where along the road points of its edges are: at its ends alone if it is straight and as wide everywhere."""
    straight = len(w.line) == 1 and not w.line[:, 5:7].any()
    even = not w.widths[:, 5:8].any() and not w.shifts[:, 2:5].any()
    sections = len({tuple(row) for row in w.widths[:, :2].tolist()}) <= 1 and len(w.shifts) == 1
    if straight and even and sections:
        return [low, high]
    return np.linspace(low, high, min(POINTS, 2 + int((high - low) / STEP))).tolist()
