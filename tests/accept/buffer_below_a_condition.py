"""The words count the instants of a condition on data; the buffer lies between them, so its size is known."""

from syncml import Stream, buffer, f32, node, when, word


@node(at={"x": "c"})
def inside(c: Stream[bool], x: Stream[f32]) -> tuple[Stream[bool], Stream[f32], Stream[bool]]:
    y = buffer(when(x, word("(1100)")), at=word("(0011)"))
    return c, y, when(c, c)
