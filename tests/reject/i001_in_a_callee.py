"""The undefined value comes from a callee that may leave it to its caller."""

from syncml import Stream, f32, node, pre


@node
def difference(x: Stream[f32]) -> Stream[f32]:
    return x - pre(x)  # error: [I001]


@node
def scaled(x: Stream[f32]) -> Stream[f32]:
    return 10.0 * difference(x)
