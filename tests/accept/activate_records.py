"""Results of several kinds are held together: a record, an enumeration and a vector."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, activate, f32, node, pre, vec, where


class Trend(enum.Enum):
    FALLING = 0
    RISING = 1


class Sight(Record):
    gap: Stream[f32]
    seen: Stream[bool]


@node
def look(x: Stream[f32]) -> tuple[Sight, Stream[Trend], Stream[Vec[L[2]]]]:
    before = pre(x, init=0.0)
    trend = where(x > before, Trend.RISING, Trend.FALLING)
    return Sight(gap=x, seen=x < 0.5), trend, vec(x, before)


@node
def main(x: Stream[f32], go: Stream[bool]) -> tuple[Sight, Stream[Trend], Stream[Vec[L[2]]]]:
    nothing = (Sight(gap=200.0, seen=False), Trend.FALLING, [0.0, 0.0])
    return activate(look, every=go, default=nothing)(x)
