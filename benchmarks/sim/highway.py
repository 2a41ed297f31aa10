"""A highway: a car that keeps its lane among 20 that follow and change lanes. Metres, seconds, 5 Hz."""

from __future__ import annotations

from typing import Literal as L
from typing import TypeAlias

from syncml import Hz, Stream, Vec, f32, i32, minimum, node, state
from syncml.nodes.traffic import Cars, traffic

CARS = 21
Row: TypeAlias = Vec[L[21]]
LaneRow: TypeAlias = Vec[L[21], i32]


@node(rate=Hz(5))
def highway(
    start: Stream[Row], start_speed: Stream[Row], start_lane: Stream[LaneRow], wanted: Stream[Row]
) -> tuple[Stream[Row], Stream[Row], Stream[LaneRow], Stream[f32]]:
    """The positions, speeds and lanes of all cars, and how near the first one has come to the one ahead."""
    x, v, lane = traffic(start, start_speed, start_lane, wanted, lanes=4, tick=0.2, period=5, guests=1)
    nearest = state(init=1.0e4)
    least = minimum(nearest, Cars(x, v, lane, wanted).nearest(x[0], lane[0], ahead=True).gap)
    nearest.next = least
    return x, v, lane, least
