"""A word without a period."""

from syncml import Stream, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return when(x, word("1010"))  # error: [L018]
