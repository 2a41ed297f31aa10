"""Records, vectors, enumerations and Booleans in buffers."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, buffer, every, f32, node, sample, word


class Mode(enum.Enum):
    OFF = 0
    ON = 1


class Track(Record):
    gap: Stream[f32]
    seen: Stream[bool]


@node
def stored(
    track: Track, mode: Stream[Mode], v: Stream[Vec[L[3]]]
) -> tuple[Track, Stream[Mode], Stream[Vec[L[3]]], Stream[Vec[L[3]]]]:
    late = word("0^3 (10)")
    slow = every(2)
    return (
        buffer(sample(track, slow), at=late),
        buffer(sample(mode, slow), at=late),
        buffer(sample(v, slow), at=late),
        buffer(v, init=[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]),
    )
