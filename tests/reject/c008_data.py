"""Each reading finds a value, but nothing bounds the number of values that wait."""

from syncml import Stream, buffer, f32, hold, node, pre, when


@node
def main(x: Stream[f32], c: Stream[bool], d: Stream[bool]) -> Stream[f32]:
    y = buffer(when(x, c), at=d & ~c & pre(c, init=False))  # error: [C008]
    return hold(y, init=0.0)
