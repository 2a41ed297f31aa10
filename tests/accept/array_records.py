"""Arrays of records: as inputs, results, in memory, at static and dynamic indices; nested; of enumerations."""

import enum
from typing import Literal as L

from syncml import Record, Rows, Stream, Vec, f32, i32, node, replace, state


class Kind(enum.Enum):
    """What a radar may see."""

    NONE = 0
    CAR = 1
    TRUCK = 2


class Track(Record):
    """What a radar sees."""

    gap: Stream[f32]
    kind: Stream[Kind]
    corner: Stream[Vec[L[2]]]


class Seen(Record):
    """A track and when it was seen."""

    track: Track
    age: Stream[i32]


@node
def older(seen: Seen) -> Seen:
    return replace(seen, age=seen.age + 1, track=replace(seen.track, kind=Kind.TRUCK))


@node
def main(
    tracks: Rows[Track, L[3]], seen: Rows[Seen, L[2]], i: Stream[i32], kinds: Stream[Vec[L[3], Kind]]
) -> tuple[Rows[Seen, L[2]], Track, Rows[Track, L[2]], Stream[bool]]:
    memory = state(init=Rows.of(*[Seen(track=Track(gap=0.0, kind=Kind.NONE, corner=[0.0, 1.0]), age=0)] * 2))
    first = older(memory[i])
    memory.next = memory.at[i].set(Seen(track=tracks[0], age=first.age))
    nearest = tracks.at[i].get(first.track)
    last = seen[-1]
    known = (kinds == [Kind.NONE, Kind.CAR, Kind.TRUCK]).all()
    return memory, replace(nearest, gap=tracks.gap.min() + last.track.gap), tracks[::-2], known
