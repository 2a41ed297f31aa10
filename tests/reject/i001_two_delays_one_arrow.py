"""One arrow does not define two undefined instants."""

from syncml import Stream, arrow, f32, node, pre


@node
def second(x: Stream[f32]) -> Stream[f32]:
    first = pre(x)  # error: [I001]
    return arrow(0.0, pre(first))
