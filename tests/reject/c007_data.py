"""A reading that may come before the first value, whatever the size."""

from syncml import Stream, buffer, f32, hold, node, when


@node
def main(x: Stream[f32], c: Stream[bool], d: Stream[bool]) -> Stream[f32]:
    return hold(buffer(when(x, c), at=d & ~c), init=0.0)  # error: [C007]
