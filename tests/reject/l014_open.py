"""A main node whose size nobody fixes."""

from syncml import Stream, Vec, f32, node


@node
def total(x: Stream[Vec[int]]) -> Stream[f32]:  # error: [L014]
    return x.sum()
