"""The last values of streams: scalars, rows, records, one value only, on a slower clock, in a block that is reset."""

import enum
from typing import Literal as L

from syncml import (
    Mat,
    Record,
    Stream,
    Vec,
    every,
    f32,
    i32,
    node,
    reset_every,
    sample,
    window,
)  # fmt: skip


class Gear(enum.Enum):
    PARK = 0
    DRIVE = 1


class Track(Record):
    gap: Stream[f32]
    far: Stream[f32]


@node
def trend(x: Stream[f32]) -> Stream[f32]:
    w = window(x, 3)
    return w[2] - w[0]


@node
def main(
    x: Stream[f32], v: Stream[Vec[L[2], i32]], gear: Stream[Gear], again: Stream[bool]
) -> tuple[Stream[f32], Stream[Mat[L[4], L[2], i32]], Stream[bool], Stream[Vec[L[3], i32]]]:
    rows = window(v, 4, init=[[1, 2], [3, 4], [5, 6]])
    each = window(v, 2, init=[7, 8])
    tracks = window(Track(gap=x, far=x - 1.0), 3, init=9.0)
    parked = (window(gear, 5, init=Gear.PARK) == Gear.PARK).all()
    slow = window(sample(v[0], every(2)), 3)
    with reset_every(again):
        mean = window(x, 4, init=[0.5, 0.25, 0.125]).mean()
    return mean + tracks.gap[0] * tracks.far[1] + trend(x) + window(x, 1)[0], rows + window(each[0], 4), parked, slow
