"""An output is present by a condition that its caller cannot see."""

from syncml import Stream, f32, node, when


@node
def positive(x: Stream[f32]) -> Stream[f32]:
    big = x > 1.0
    return when(x, big)  # error: [C005]
