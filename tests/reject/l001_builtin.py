"""A builtin function that asks for truth values."""

from syncml import Stream, f32, node


@node
def least(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return min(x, y)  # error: [L001]
