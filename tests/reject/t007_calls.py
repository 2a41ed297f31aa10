"""Calls that do not fit the node."""

from typing import Literal as L

from syncml import Record, Stream, Vec, f32, i32, node


class Track(Record):
    gap: Stream[f32]


@node
def scale(x: Stream[f32], by: float = 1.0) -> Stream[f32]:
    return x * by


@node
def of_track(track: Track) -> Stream[f32]:
    return track.gap


@node
def main(x: Stream[f32], n: Stream[i32], v: Stream[Vec[L[2]]], track: Track) -> Stream[f32]:
    a = scale()  # error: [T007]
    b = scale(x, 1.0, 2.0)  # error: [T007]
    c = scale(n)  # error: [T007]
    d = scale(v)  # error: [T007]
    e = scale(x, by=x)  # error: [T007]
    f = of_track(x)  # error: [T007]
    g = scale(track)  # error: [T007]
    h = Track()  # error: [T007]
    return x
