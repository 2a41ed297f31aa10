"""The first difference has no value."""

from syncml import Stream, f32, node, pre


@node
def change(x: Stream[f32]) -> Stream[f32]:
    before = pre(x)  # error: [I001]
    return x - before
