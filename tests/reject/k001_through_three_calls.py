"""A loop through calls of two nodes, of which one has two results; the third call is beside it."""

from syncml import Stream, f32, node, wire


@node
def both_ways(v: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return v, -v


@node
def difference(a: Stream[f32], b: Stream[f32]) -> Stream[f32]:
    return a - b


@node
def main(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)  # error: [K001]
    ahead, behind = both_ways(back)
    left, right = both_ways(ahead)
    back.define(difference(left, behind) + x)
    return right
