"""States of a scalar and of a record without a next value."""

from syncml import Record, Stream, f32, node, state


class Track(Record):
    gap: Stream[f32]
    closing: Stream[f32]


@node
def forgotten(x: Stream[f32]) -> Stream[f32]:
    total = state(init=0.0)  # error: [L004]
    count = state(init=0)
    count.next = count + 1
    track = state(init=Track(gap=0.0, closing=0.0))  # error: [L004]
    return total + x + track.gap
