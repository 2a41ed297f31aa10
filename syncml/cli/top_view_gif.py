"""A run from above as an animated GIF, drawn at twice its size so that edges are smooth."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from syncml.cli.top_view import (
    CENTRE,
    COLLISION,
    EGO,
    GLASS,
    GROUND,
    HALO,
    HEIGHT,
    HIT,
    OTHER,
    PAINT,
    ROAD,
    SMALL,
    STRIP,
    WIDTH,
    Camera,
    camera,
    name_above,
    scale,
    shown_ticks,
    told,
)
from syncml.diagnostics.model import DiagnosticError, error
from syncml.extras import optional
from syncml.files import write_whole
from syncml.scenario.movement import Mark

if TYPE_CHECKING:
    from syncml.scenario.movement import Line, Movement

RATE, MOST = 10.0, 300
"""Pictures a second, and at most: a longer run is played faster."""
FINE = 2
SIZE = (720, 180)
DASHES = {Mark.BETWEEN: (3.0, 6.0), Mark.CENTRE: (3.0, 3.0)}
"""Metres of paint, and of none."""
NEAR = 200.0
"""Metres from the ego beyond which nothing is in the picture."""


def write_gif(moved: Movement | None, path: Path) -> None:
    """Write a run among actors as a GIF.

    Raises:
        DiagnosticError: U001, the run has no actors; D001 not writable, D006 Pillow is missing.
    """
    if moved is None or not moved.ticks:
        message = "a GIF shows a run among actors from above, and this run has none"
        raise DiagnosticError(error("U001", message, help="use .html, .svg or .png"))
    image = optional("PIL.Image", "drawing a GIF", "plot")
    painter = _Painter(moved)
    pictures: list[Any] = []
    for tick in shown_ticks(moved, RATE, MOST):
        small = painter.picture(tick).resize(SIZE, image.Resampling.LANCZOS)
        pictures.append(small.quantize(64, dither=image.Dither.NONE))
    buffer = io.BytesIO()
    # Each picture takes the place of the one before, so that as many are written as are shown.
    times = [round(1000 / RATE)] * (len(pictures) - 1) + [1500]
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0, disposal=1)
    write_whole(path, buffer.getvalue())


class _Painter:
    """Draws the pictures of one run."""

    def __init__(self, moved: Movement) -> None:
        self._moved = moved
        self._pixels = scale(moved)
        self._image = optional("PIL.Image", "drawing a GIF", "plot")
        self._draw = optional("PIL.ImageDraw", "drawing a GIF", "plot")
        font = optional("PIL.ImageFont", "drawing a GIF", "plot").load_default
        self._large, self._small = font(FINE * 20), font(FINE * 15)
        self._lanes = [np.array(lane) for lane in moved.road.lanes]
        self._lines = [
            (CENTRE if mark is Mark.CENTRE else PAINT, np.array(piece))
            for mark, line in moved.road.lines
            for piece in (_dashed(line, *DASHES[mark]) if mark in DASHES else (line,))
        ]

    def picture(self, tick: int) -> Any:
        """The picture of a tick."""
        moved = self._moved
        picture = self._image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), GROUND)
        draw = self._draw.Draw(picture)
        seen = camera(moved, tick, self._pixels, FINE)
        for lane in self._lanes:
            draw.polygon(_placed(seen, lane), fill=ROAD)
        ego = np.array([moved.x[tick, moved.ego], moved.y[tick, moved.ego]])
        for colour, line in self._lines:
            if len(line) > 2 or abs(line - ego).min() < NEAR or not _is_short(line):
                draw.line(_placed(seen, line), fill=colour, width=max(2, round(0.18 * FINE * self._pixels)))
        for i in range(len(moved.actors)):
            self._actor(draw, seen, tick, i)
        for i, name in enumerate(moved.actors):
            x, y = seen.place(float(moved.x[tick, i]), float(moved.y[tick, i]))
            above = FINE * name_above(moved, i, self._pixels)
            self._text(draw, (x, y - above), name, self._small, "ms")
        text = told(moved, tick)
        collided = text.endswith(COLLISION)
        draw.rectangle((0, 0, FINE * WIDTH, FINE * STRIP), fill=PAINT)
        self._text(draw, (FINE * 12, FINE * 8), text, self._large, "la", HIT if collided else GLASS)
        return picture

    def _actor(self, draw: Any, seen: Camera, tick: int, i: int) -> None:
        moved = self._moved
        half = 0.5 * moved.sizes[i]
        body = HIT if moved.touching[tick, i] else EGO if i == moved.ego else OTHER
        corners = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
        # The windscreen says where the front is.
        glass = np.array([(0.24, -0.8), (0.52, -0.8), (0.52, 0.8), (0.24, 0.8)])
        if max(moved.sizes[i]) <= SMALL:
            middle, radius = seen.place(float(moved.x[tick, i]), float(moved.y[tick, i])), HALO * FINE * self._pixels
            draw.circle(middle, radius, outline=HIT if moved.touching[tick, i] else CENTRE, width=2 * FINE)
        for shape, colour, edge in ((corners, body, GLASS), (glass, GLASS, None)):
            cos, sin = math.cos(moved.heading[tick, i]), math.sin(moved.heading[tick, i])
            points = (shape * half) @ np.array([[cos, sin], [-sin, cos]]) + [moved.x[tick, i], moved.y[tick, i]]
            draw.polygon(_placed(seen, points), fill=colour, outline=edge, width=FINE)

    def _text(self, draw: Any, at: tuple[float, float], text: str, font: Any, anchor: str, ink: str = GLASS) -> None:
        draw.text(at, text, fill=ink, font=font, anchor=anchor, stroke_width=2 * FINE, stroke_fill="white")


def _placed(seen: Camera, points: NDArray[np.float64]) -> list[tuple[float, float]]:
    x, y = seen.place(points[:, 0], points[:, 1])
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _is_short(line: NDArray[np.float64]) -> bool:
    return bool(abs(line[0] - line[-1]).max() < NEAR)


def _dashed(line: Line, paint: float, gap: float) -> Iterator[Line]:
    """The pieces of a line that are painted."""
    travelled = 0.0
    for (ax, ay), (bx, by) in pairwise(line):
        length = math.hypot(bx - ax, by - ay)
        n = math.floor(travelled / (paint + gap))
        while length > 0.0 and n * (paint + gap) < travelled + length:
            low = max(n * (paint + gap) - travelled, 0.0) / length
            high = min(n * (paint + gap) + paint - travelled, length) / length
            if low < high:
                yield (ax + low * (bx - ax), ay + low * (by - ay)), (ax + high * (bx - ax), ay + high * (by - ay))
            n += 1
        travelled += length
