"""A node looks ahead in the segment of its caller, and the caller has none."""

from syncml import Stream, f32, node, post


@node
def ahead(x: Stream[f32]) -> Stream[f32]:
    return post(x, init=0.0)  # error: [K010]


@node
def top(x: Stream[f32]) -> Stream[f32]:
    return ahead(x) - x
