"""Held from a clock three deep, step by step, each with its own first value."""

from syncml import Stream, f32, hold, node, when


@node
def main(x: Stream[f32], a: Stream[bool], b: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    outer = when(x, a)
    inner = when(outer, when(b, a))
    innermost = when(inner, inner > 0.0)
    one = hold(innermost, init=-1.0)
    two = hold(one, init=-2.0)
    return hold(two, init=-3.0), hold(outer - hold(inner, init=0.0), init=0.0)
