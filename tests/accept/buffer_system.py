"""Clocks that only buffers tell of: words are found for all of them, the input among them."""

from syncml import Stream, buffer, f32, merge, node, when, word


@node
def encode(x: Stream[f32]) -> Stream[f32]:
    padded = merge(word("(1^5 0^2)"), x, 0.0)
    delayed = merge(word("1(0)"), 0.0, buffer(padded))
    later = when(delayed, word("0(1)"))
    both = padded + buffer(later) + buffer(delayed)
    return merge(word("(10)"), buffer(both), buffer(2.0 * both))
