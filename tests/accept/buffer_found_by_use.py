"""The clock of a buffer is the clock of its use: the classical sum of the two halves of a stream."""

from syncml import Stream, buffer, every, f32, node, sample


@node
def halves(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    even, odd = sample(x, every(2)), sample(x, every(2, phase=1))
    return buffer(even) + odd, buffer(even * 2.0)
