"""Python's `if` on a stream, twice in one node."""

from syncml import Stream, f32, node


@node
def choose(x: Stream[f32]) -> Stream[f32]:
    y = x
    if x < 0.0:  # error: [L001]
        y = -x
    z = y if x > 1.0 else 0.0  # error: [L001]
    return z
