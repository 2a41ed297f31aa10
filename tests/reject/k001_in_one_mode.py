"""A loop within one mode only."""

from syncml import Stream, f32, merge, node, when, wire


@node
def modes(c: Stream[bool], x: Stream[f32]) -> Stream[f32]:
    a = wire(f32)  # error: [K001]
    b = merge(c, when(a, c), when(x, ~c))
    a.define(merge(c, when(b, c), when(x, ~c)))
    return b
