"""A contract reads an undefined value."""

from syncml import Stream, ensure, f32, node, pre


@node
def rising(x: Stream[f32]) -> Stream[f32]:
    ensure(x >= pre(x), "rising")  # error: [I001]
    return x
