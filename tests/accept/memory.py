"""pre, fby, arrow, first: on constants and on streams as first values."""

from syncml import Stream, arrow, f32, fby, first, node, pre, where


@node
def memory(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[f32]]:
    a = pre(x, init=1)
    b = fby(x, a)
    c = arrow(0.0, x - pre(x))
    d = where(first(), 0.0, c)
    return a, b, c, d
