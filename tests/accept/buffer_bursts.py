"""A bursty source into a steady reader: two places suffice, and the reader needs no value of the same instant."""

from syncml import Stream, buffer, f32, hold, node, pre, when, word


@node
def bursts(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    burst = when(x, word("(1^4 0^4)"))
    steady = buffer(burst, at=word("(01)"))
    smooth = steady * 0.5 + pre(steady, init=0.0) * 0.5
    return smooth, hold(smooth, init=0.0)
