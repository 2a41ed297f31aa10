"""A buffer with values in it at first: a delay by three, and a reader that is ahead by two."""

from syncml import Stream, buffer, f32, hold, node, sample, when, word


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    delayed = buffer(x, init=[1.0, 2.0, 3.0])
    late = when(x, word("(0011)"))
    early = buffer(late, at=word("(1100)"), init=[5.0, 6.0])
    return delayed + x, hold(early) + hold(sample(x, word("(1)")))
