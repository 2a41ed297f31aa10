"""The sum needs a value that is buffered twice in the instant of the one before it."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    late = buffer(when(x, word("0(1)")))  # error: [C009]
    return buffer(late) + x
