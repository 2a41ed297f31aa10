"""Values that are changed in place."""

from typing import Literal as L

from syncml import Record, Stream, Vec, f32, node


class Track(Record):
    gap: Stream[f32]


@node
def main(x: Stream[Vec[L[3]]], track: Track) -> Stream[f32]:
    x[0] = 1.0  # error: [L019]
    track.gap = x[1]  # error: [L019]
    return x[0]
