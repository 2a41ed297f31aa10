from typing import Literal as L

from syncml import Record, Stream, Vec, each, f32, node


class Track(Record):
    gap: Stream[f32]
    closing: Stream[f32]


@node
def time(track: Track) -> Stream[f32]:
    return track.gap / track.closing


@node
def main(track: Track) -> Stream[Vec[L[3]]]:
    return each(time)(track)  # error: [T021]
