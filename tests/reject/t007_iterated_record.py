from typing import Literal as L

from syncml import Record, Stream, Vec, each, f32, node


class Track(Record):
    gap: Stream[f32]


class Others(Record):
    distance: Stream[Vec[L[3]]]


@node
def half(track: Track) -> Stream[f32]:
    return 0.5 * track.gap


@node
def main(others: Others) -> Stream[Vec[L[3]]]:
    return each(half)(others)  # error: [T007]
