"""Three values in five ticks are written, two are read."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    a = when(x, word("(11010)"))
    return buffer(a, at=word("0(10100)"))  # error: [C006]
