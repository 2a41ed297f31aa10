"""A declared size that is too small for the words."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return buffer(when(x, word("(1^6 0^6)")), at=word("(10)"), size=2)  # error: [C008]
