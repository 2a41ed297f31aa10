"""A bank of alpha-beta trackers: each target has its own filter, and a measurement goes to the nearest one.

syncml check  examples/trackers.py
syncml verify examples/trackers.py
syncml sim    examples/trackers.py --scenario examples/trackers.yaml
"""

from typing import Literal as L

from syncml import (
    Hz,
    Record,
    Rows,
    Stream,
    Vec,
    arange,
    arrow,
    clip,
    each,
    ensure,
    f32,
    fold,
    i32,
    node,
    scan,
    shared,
    state,
    where,
)  # fmt: skip

TARGETS = 8
ALPHA, BETA, STEP = 0.5, 0.25, 0.1


class Track(Record):
    """What is known of one target."""

    distance: Stream[f32]
    speed: Stream[f32]


class Choice(Record):
    """The nearest tracker so far."""

    index: Stream[i32]
    error: Stream[f32]


@node
def tracker(index: Stream[i32], start: Stream[f32], measured: Stream[f32], nearest: Stream[i32]) -> Track:
    """Predict; if the measurement is that of this target, correct."""
    distance = state(init=0.0)
    speed = state(init=0.0)
    predicted = arrow(start, distance + STEP * speed)
    residual = where(nearest == index, measured - predicted, 0.0)
    distance.next = clip(predicted + ALPHA * residual, 0.0, 250.0)
    speed.next = clip(speed + BETA / STEP * residual, -60.0, 60.0)
    return Track(distance=predicted, speed=speed)


@node
def nearer(best: Choice, index: Stream[i32], distance: Stream[f32], measured: Stream[f32]) -> Choice:
    """The better of the best so far and one more tracker."""
    error = abs(measured - distance)
    return where(error < best.error, Choice(index=index, error=error), best)


@node(rate=Hz(10))
def main(measured: Stream[f32]) -> tuple[Rows[Track, L[8]], Stream[i32], Stream[Vec[L[8]]]]:
    """Associate the measurement with a target, track all of them, and list how near the nearest so far is."""
    numbers = arange(TARGETS)
    starts = [10.0, 40.0, 70.0, 100.0, 130.0, 160.0, 190.0, 220.0]
    before = state(init=starts)
    nothing = Choice(index=-1, error=20.0)
    best = fold(nearer, nothing)(numbers, before, shared(measured))
    nearest = best.index
    tracks = each(tracker)(numbers, starts, shared(measured), shared(nearest))
    before.next = tracks.distance
    closest = scan(lambda least, d: where(d < least, d, least), 250.0)(tracks.distance)
    ensure((nearest >= -1) & (nearest < TARGETS), "the measurement belongs to a target, or to none")
    return tracks, nearest, closest
