"""`and`, `or` and `not`."""

from syncml import Stream, f32, node


@node
def connect(x: Stream[f32], c: Stream[bool]) -> Stream[bool]:
    a = x > 0.0 and x < 1.0  # error: [L002]
    b = a or c  # error: [L002]
    d = not b  # error: [L002]
    return c & d
