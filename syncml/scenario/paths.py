"""Paths in the plane, as pieces that are straight in road coordinates.

Rule: a straight line of the plane is divided until the middle of each piece in road coordinates lies within ``NEAR`` of
the middle of that piece in the plane; so an actor that goes along the pieces keeps to the line, whatever bends the road
has beside it. On a straight road there is one piece.
"""

from __future__ import annotations

import math

from syncml.scenario.roads import Array, to_road, to_world

NEAR = 0.005
"""Metres."""
_SHORTEST = 1e-4
"""Pieces of the line, as parts of it; what is not near by then never will be."""

Point = tuple[float, float]


class NotBesideError(Exception):
    """A place of the plane has no road coordinates, or those on the way to it jump."""

    def __init__(self, x: float, y: float) -> None:
        super().__init__(f"({x:g}, {y:g}) m")


def beside(line: Array, x: float, y: float) -> Point:
    """S and t of a place.

    Raises:
        NotBesideError: it lies beside no part of the reference line.
    """
    s, t = to_road(line, x, y)
    px, py, _ = to_world(line, s, t)
    if math.hypot(px - x, py - y) > 1e-3:
        raise NotBesideError(x, y)
    return s, t


def divided(line: Array, start: Point, end: Point) -> list[tuple[float, Point]]:
    """The ends of the pieces between two places of the plane: the part of the way, and s and t, from start to end.

    Raises:
        NotBesideError: road coordinates jump on the way.
    """

    def place(part: float) -> Point:
        return start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])

    first, last = (0.0, beside(line, *start)), (1.0, beside(line, *end))
    found, left = [first], [last]
    while left:
        (here, (s, t)), (there, (s_end, t_end)) = found[-1], left[-1]
        middle = 0.5 * (here + there)
        x, y = place(middle)
        px, py, _ = to_world(line, 0.5 * (s + s_end), 0.5 * (t + t_end))
        if math.hypot(px - x, py - y) <= NEAR:
            found.append(left.pop())
        elif there - here < _SHORTEST:
            raise NotBesideError(x, y)
        else:
            left.append((middle, beside(line, x, y)))
    return found
