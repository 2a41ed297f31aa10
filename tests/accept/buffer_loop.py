"""A loop through a buffer with two values in it at first."""

from syncml import Stream, buffer, f32, node, wire


@node
def loop(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)
    y = x + 0.5 * back
    back.define(buffer(y, init=[1.0, 2.0]))
    return y
