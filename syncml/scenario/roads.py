"""Roads: a reference line of straight lines, arcs and clothoids, and lanes beside it.

Rule: along a piece of the reference line the curvature is ``k0 + k1 * u`` at distance ``u`` from its start: zero on a
line, constant on an arc, linear on a clothoid. So the heading is ``h0 + k0 u + k1 u**2 / 2``, and the point is the
integral of its cosine and sine, taken by Gauss-Legendre quadrature over panels in which the heading turns by at most
half a radian: the eight nodes leave an error far below a nanometre. Road coordinates are ``s`` along the line and
``t`` to its left; a point beside the line has one pair of them as long as ``k * t < 1``.

Lanes count from 1 leftwards and from -1 rightwards. Their widths, and the shift of lane 0 from the reference line, are
cubics in s. The functions here work on arrays of numbers alone, so that the compiled engine calls the same ones.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error

Array = NDArray[np.float64]

NODES, WEIGHTS = (array.astype(np.float64) for array in np.polynomial.legendre.leggauss(8))
_TURN = 0.5
LONGEST_GAP = 0.01
"""Metres by which the end of one piece may miss the start of the next; files write rounded numbers."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the reference line: where it starts, its length, and its curvature at both ends."""

    s: float
    x: float
    y: float
    heading: float
    length: float
    start_curvature: float = 0.0
    end_curvature: float = 0.0
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Width:
    """The cubic ``a + b d + c d**2 + d3 d**3`` of the width of a lane, d metres after ``start``, within a section."""

    section: tuple[float, float]
    lane: int
    start: float
    cubic: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """A road as arrays.

    Attributes:
        line: One row for each piece: s, x, y, heading, length, k0, k1, and by how much the road has turned before it.
        widths: One row for each cubic of a lane: from where and to where it may hold, lane, start, a, b, c, d; of
            several that hold the last one does.
        shifts: The lane offset: start, a, b, c, d.
        left_hand: Whether traffic keeps left.
    """

    line: Array
    widths: Array
    shifts: Array
    left_hand: bool = False

    @property
    def length(self) -> float:
        """The last s."""
        return float(self.line[-1, 0] + self.line[-1, 4])

    @property
    def lanes(self) -> frozenset[int]:
        """The lanes that there are somewhere."""
        return frozenset(int(lane) for lane in self.widths[:, 2])


def road(
    pieces: list[Piece],
    widths: list[Width],
    shifts: list[tuple[float, float, float, float, float]] | None = None,
    *,
    left_hand: bool = False,
    span: Span | None = None,
) -> Road:
    """Build a road and check its geometry.

    Raises:
        DiagnosticError: S009, a length, a join or a lane is impossible.
    """

    def impossible(message: str, at: Span | None, advice: str) -> DiagnosticError:
        return DiagnosticError(error("S009", message, at or span, help=advice))

    if not pieces:
        raise impossible("the road has no reference line", span, "give it at least one line, arc or spiral")
    for piece in pieces:
        numbers = (piece.s, piece.x, piece.y, piece.heading, piece.start_curvature, piece.end_curvature)
        if not all(map(math.isfinite, numbers)):
            raise impossible("a number of the reference line is not finite", piece.span, "write finite numbers")
        if not (0.0 < piece.length < 1e7):
            raise impossible(f"a piece of the road is {piece.length:g} m long", piece.span, "give it a length above 0")
        turn = max(abs(piece.start_curvature), abs(piece.end_curvature)) * piece.length
        if turn > 1000.0:
            raise impossible(f"a piece of the road turns by {turn:g} rad", piece.span, "check its curvature, in 1/m")
    line = np.array([_row(piece) for piece in pieces])
    turns = line[:, 4] * (line[:, 5] + 0.5 * line[:, 6] * line[:, 4])
    line = np.column_stack([line, np.cumsum(turns) - turns])
    for before, after, piece in zip(line, line[1:], pieces[1:], strict=False):
        x, y, _ = along(before, before[4])
        gap = max(math.hypot(x - after[1], y - after[2]), abs(before[0] + before[4] - after[0]))
        if gap > LONGEST_GAP:
            message = f"a piece of the road starts {gap:.3g} m away from the end of the one before it"
            raise impossible(message, piece.span, "let each piece start where the last one ends")
    found = Road(
        line,
        np.array([_width_row(w, min(w.section[0] for w in widths)) for w in widths]).reshape(-1, 8),
        np.array(shifts or [(0.0, 0.0, 0.0, 0.0, 0.0)]),
        left_hand,
    )
    if not np.isfinite(found.widths[:, 3:]).all() or not np.isfinite(found.shifts).all():
        raise impossible("a width of a lane is not finite", span, "write finite numbers")
    _check_lanes(found, pieces, impossible)
    return found


def _row(piece: Piece) -> tuple[float, ...]:
    rate = (piece.end_curvature - piece.start_curvature) / piece.length
    return (piece.s, piece.x, piece.y, piece.heading, piece.length, piece.start_curvature, rate)


def _width_row(width: Width, first: float) -> tuple[float, ...]:
    """A row of `Road.widths`; the lanes of the first section go on before the start of the road."""
    start, end = width.section
    since = width.start - 1e-9 if width.start > start else -math.inf if start <= first else start
    return (since, end, width.lane, width.start, *width.cubic)


def _check_lanes(found: Road, pieces: list[Piece], impossible: object) -> None:
    """No lane is narrower than nothing, or lies beyond the centre about which the road turns."""
    for piece in pieces:
        for s in np.linspace(piece.s, piece.s + piece.length, 9):
            bend = curvature(found.line, float(s))
            for lane in sorted(found.lanes):
                if lane_width(found.widths, lane, float(s)) < 0.0:
                    message = f"lane {lane} has a negative width at s = {s:g} m"
                    raise DiagnosticError(error("S009", message, piece.span, help="check the cubics of its width"))
                t = lane_centre(found.widths, found.shifts, lane, float(s))
                if bend * t >= 1.0:
                    message = f"lane {lane} lies beyond the centre of the bend at s = {s:g} m"
                    advice = "make the radius larger than the distance of the lane from the reference line"
                    raise DiagnosticError(error("S009", message, piece.span, help=advice))


def along(piece: Array, distance: float) -> tuple[float, float, float]:
    """The point and the heading at a distance from the start of a piece (a row of `Road.line`)."""
    heading, k0, k1 = piece[3], piece[5], piece[6]
    if k0 == 0.0 and k1 == 0.0:
        return piece[1] + distance * math.cos(heading), piece[2] + distance * math.sin(heading), heading
    end = heading + (k0 + 0.5 * k1 * distance) * distance
    steepest = max(abs(k0), abs(k0 + k1 * distance)) * abs(distance)
    panels = 1 + int(steepest / _TURN)
    half = 0.5 * distance / panels
    x, y = piece[1], piece[2]
    for panel in range(panels):
        middle = (2 * panel + 1) * half
        for node in range(8):
            u = middle + half * NODES[node]
            angle = heading + (k0 + 0.5 * k1 * u) * u
            x += half * WEIGHTS[node] * math.cos(angle)
            y += half * WEIGHTS[node] * math.sin(angle)
    return x, y, end


def curvature(line: Array, s: float) -> float:
    """The curvature of the reference line at s; beyond its ends, where its first or last piece goes on, as at them."""
    found = _bend(line, 0, s)
    for i in range(1, line.shape[0]):
        if s >= line[i, 0]:
            found = _bend(line, i, s)
    return found


def _bend(line: Array, i: int, s: float) -> float:
    """The curvature of piece i at s."""
    if line[i, 6] == 0.0:
        return line[i, 5]
    return line[i, 5] + line[i, 6] * min(max(s - line[i, 0], 0.0), line[i, 4])


def stretch(line: Array, s: float, t: float) -> float:
    """How much longer than the reference line a line beside it is at s, t to the left."""
    bend = curvature(line, s)
    return 1.0 if bend == 0.0 else 1.0 - bend * t


def turned(line: Array, s: float) -> float:
    """The angle by which the reference line has turned from its start to s."""
    found = _turned(line, 0, s)
    for i in range(1, line.shape[0]):
        if s >= line[i, 0]:
            found = _turned(line, i, s)
    return found


def _turned(line: Array, i: int, s: float) -> float:
    """The same on piece i."""
    if line[i, 5] == 0.0 and line[i, 6] == 0.0:
        return line[i, 7]
    u = s - line[i, 0]
    return line[i, 7] + u * (line[i, 5] + 0.5 * line[i, 6] * u)


def lane_width(widths: Array, lane: float, s: float) -> float:
    """The width of a lane at s; 0 where there is no such lane."""
    found = 0.0
    for i in range(widths.shape[0]):
        since, end = widths[i, 0], widths[i, 1]
        if widths[i, 2] == lane and (since == -math.inf or since <= s) and (end == math.inf or s < end):
            found = _cubic(widths, i, 4, s - widths[i, 3])
    return found


def _cubic(rows: Array, i: int, first: int, d: float) -> float:
    """The cubic of a row, whose numbers start at ``first``."""
    if rows[i, first + 1] == 0.0 and rows[i, first + 2] == 0.0 and rows[i, first + 3] == 0.0:
        return rows[i, first]
    return rows[i, first] + d * (rows[i, first + 1] + d * (rows[i, first + 2] + d * rows[i, first + 3]))


def outermost(widths: Array) -> int:
    """The largest number of a lane, on either side."""
    most = 0
    for i in range(widths.shape[0]):
        most = max(most, int(abs(widths[i, 2])))
    return most


def lane_centre(widths: Array, shifts: Array, lane: float, s: float) -> float:
    """The t of the middle of a lane at s."""
    t = 0.0
    for i in range(shifts.shape[0]):
        if i == 0 or s >= shifts[i, 0]:
            t = _cubic(shifts, i, 1, s - shifts[i, 0])
    if lane > 0.0:
        for inner in range(1, outermost(widths) + 1):
            if inner <= lane:
                width = lane_width(widths, inner, s)
                t += 0.5 * width if inner == lane else width
    else:
        for inner in range(1, outermost(widths) + 1):
            if -inner >= lane:
                width = lane_width(widths, -inner, s)
                t -= 0.5 * width if -inner == lane else width
    return t


def to_world(line: Array, s: float, t: float) -> tuple[float, float, float]:
    """x, y, and the heading of the reference line, of road coordinates."""
    x, y, heading = 0.0, 0.0, 0.0
    for i in range(line.shape[0]):
        if (i == 0 or s >= line[i, 0]) and (i + 1 == line.shape[0] or s < line[i + 1, 0]):
            x, y, heading = along(line[i], s - line[i, 0])
    return x - t * math.sin(heading), y + t * math.cos(heading), heading


def to_road(line: Array, x: float, y: float) -> tuple[float, float]:
    """S and t of the nearest point of the reference line, by Newton's method from the best of several starts."""
    best, best_s, best_t = math.inf, 0.0, 0.0
    for i in range(line.shape[0]):
        piece = line[i]
        turn = max(abs(piece[5]), abs(piece[5] + piece[6] * piece[4])) * piece[4]
        starts = 2 + int(turn / _TURN)
        for start in range(starts + 1):
            u = piece[4] * start / starts
            for _ in range(60):
                px, py, heading = along(piece, u)
                ahead = (x - px) * math.cos(heading) + (y - py) * math.sin(heading)
                left = (y - py) * math.cos(heading) - (x - px) * math.sin(heading)
                slope = 1.0 - (piece[5] + piece[6] * u) * left
                # Beyond the centre of the bend the step would lead away from the nearest point.
                step = ahead / max(slope, 0.1)
                last, u = u, min(max(u + step, 0.0), piece[4])
                if abs(u - last) < 1e-12 * max(1.0, piece[4]):
                    break
            px, py, heading = along(piece, u)
            distance = math.hypot(x - px, y - py)
            if distance < best - 1e-12:
                best, best_s = distance, piece[0] + u
                best_t = (y - py) * math.cos(heading) - (x - px) * math.sin(heading)
    return best_s, best_t
