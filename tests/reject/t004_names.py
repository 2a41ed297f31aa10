"""Members and fields that do not exist, with the nearest one that does."""

import enum

from syncml import Record, Stream, f32, merge, node


class Mode(enum.Enum):
    CRUISE = 0
    FOLLOW = 1


class Track(Record):
    gap: Stream[f32]
    closing: Stream[f32]


@node
def fields(track: Track) -> Stream[f32]:
    made = Track(gap=1.0, closing=2.0, speed=3.0)  # error: [T004]
    return track.gapp + made.gap  # error: [T004]


@node
def members(mode: Stream[Mode], track: Track) -> Stream[f32]:
    return merge(mode, {Mode.CRUISE: fields(track), Mode.FOLOW: 0.0})  # error: [T004]
