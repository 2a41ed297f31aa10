"""Two controllers wait for each other."""

from syncml import Stream, f32, node, wire


@node
def coupled(x: Stream[f32]) -> Stream[f32]:
    left = wire(f32)
    right = wire(f32)  # error: [K001]
    left.define(x - right)
    right.define(x + left)
    return left
