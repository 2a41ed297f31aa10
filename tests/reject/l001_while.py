"""Python's `while` on a stream."""

from syncml import Stream, f32, node


@node
def halve(x: Stream[f32]) -> Stream[f32]:
    while x > 1.0:  # error: [L001]
        x = x / 2.0
    return x
