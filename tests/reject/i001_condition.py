"""A condition reads an undefined value."""

from syncml import Stream, f32, merge, node, pre, when


@node
def select(x: Stream[f32]) -> Stream[f32]:
    c = pre(x) > 0.0  # error: [I001]
    return merge(c, when(x, c), when(-x, ~c))
