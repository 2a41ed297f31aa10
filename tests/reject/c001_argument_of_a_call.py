"""A node that joins its inputs is called with inputs of two rates."""

from syncml import Hz, Stream, f32, node, sample


@node
def total(a: Stream[f32], b: Stream[f32]) -> Stream[f32]:
    return a + b


@node(rate=Hz(100))
def mixed(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, to=Hz(50))
    return total(x, slow)  # error: [C001]
