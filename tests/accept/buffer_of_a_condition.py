"""Buffered Booleans as conditions: at the same instant, one value late, and at another phase."""

from syncml import Stream, buffer, f32, hold, node, when, word


@node
def gates(x: Stream[f32], c: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    same, late = buffer(c, at=word("(1)")), buffer(c, init=[True])
    odd = buffer(when(c, word("(10)")), at=word("(01)"))
    a = hold(when(x, same), init=0.0) + hold(when(x, late), init=0.0)
    return a, hold(when(x, late), init=1.0), hold(when(when(x, word("(01)")), odd), init=0.0)
