"""A word of a block that is reset, and the same word outside of it, in an instance that is reset: two words."""

from syncml import Stream, every, f32, hold, node, reset_every, when


@node
def both(x: Stream[f32], again: Stream[bool]) -> Stream[f32]:
    with reset_every(again):
        started = hold(when(x, every(2)), init=0.0)
    steady = hold(when(x, every(2)), init=0.0)
    return 10.0 * started + steady


@node
def main(x: Stream[f32], again: Stream[bool], anew: Stream[bool]) -> Stream[f32]:
    with reset_every(anew):
        y = both(x, again)
    return y
