"""A bank of 64 trackers over an array, the nearest gap, and a smooth one: `each`, `fold` and `mapfold`."""

from __future__ import annotations

from typing import Literal as L

from syncml import Hz, Stream, Vec, each, f32, fold, mapfold, node, state, where

TRACKERS = 64


@node
def tracker(gap: Stream[f32], valid: Stream[bool]) -> Stream[f32]:
    """Follows a gap while it is valid, and its speed; goes on by itself where it is not."""
    place = state(init=0.0)
    speed = state(init=0.0)
    error = where(valid, gap - (place + 0.01 * speed), 0.0)
    place.next = place + 0.01 * speed + 0.2 * error
    speed.next = speed + 0.5 * error
    return place


@node(rate=Hz(100))
def trackers(gaps: Stream[Vec[L[64]]], valid: Stream[Vec[L[64], bool]]) -> tuple[Stream[f32], Stream[Vec[L[64]]]]:
    places = each(tracker)(gaps, valid)
    nearest = fold(lambda least, place: where(place < least, place, least), 100.0)(places)
    _, smooth = mapfold(lambda before, place: (0.5 * before + 0.5 * place, before + place), 0.0)(places)
    return nearest, smooth
