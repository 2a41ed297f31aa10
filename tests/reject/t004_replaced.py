"""A field that is replaced is not there, or has another type; a record set in an array is another."""

from typing import Any
from typing import Literal as L

from syncml import Record, Rows, Stream, f32, i32, node, replace


class Track(Record):
    """What a radar sees."""

    gap: Stream[f32]


class Other(Record):
    """Something else."""

    gap: Stream[f32]


@node
def main(track: Track, tracks: Rows[Track, L[3]], i: Stream[i32]) -> Track:
    a = replace(track, gab=1.0)  # error: [T004]
    b = replace(track, gap=i)  # error: [T001]
    other: Any = Other(gap=0.0)
    c = tracks.at[i].set(other)  # error: [T001]
    d = tracks[3]  # error: [T005]
    return track
