"""The reader is ahead of the writer, without and with too few first values."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    late = when(x, word("0^3 (1)"))
    a = buffer(late, at=word("0(1)"))  # error: [C007]
    b = buffer(late, at=word("(1)"), init=[0.0])  # error: [C007]
    c = buffer(when(x, word("(0)")), at=word("1(0)"))  # error: [C007]
    return a, b, c
