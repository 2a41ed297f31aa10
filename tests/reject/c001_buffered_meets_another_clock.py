"""A buffer that is read at `at=` meets a stream of another clock."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    late = buffer(when(x, word("(10)")), at=word("(01)"))
    return late + when(x, word("(10)"))  # error: [C001]
