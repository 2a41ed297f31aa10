"""Python's `assert` on a stream."""

from syncml import Stream, f32, node


@node
def square(x: Stream[f32]) -> Stream[f32]:
    y = x * x
    assert y >= 0.0, "not negative"  # error: [L016]
    return y
