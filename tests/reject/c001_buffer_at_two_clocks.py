"""One buffer has one reading clock."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    even, odd, base = when(x, word("(10)")), when(x, word("(01)")), x
    y = buffer(even)
    return y + odd, y + base  # error: [C001]
