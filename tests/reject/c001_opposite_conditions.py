"""Streams of opposite conditions are never present together."""

from syncml import Stream, f32, node, when


@node
def both(c: Stream[bool], x: Stream[f32]) -> tuple[Stream[bool], Stream[f32]]:
    yes = when(x, c)
    no = when(x, ~c)
    return c, yes + no  # error: [C001]
