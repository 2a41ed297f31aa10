"""Periodic words as Boolean streams: samplings, merges, equal words, complements."""

from syncml import Stream, f32, i32, merge, node, when, where, word


@node
def words(x: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[f32], Stream[i32]]:
    start = word("1^3 (0)")
    half, same = word("(10)"), word("(1010)")
    y = when(x, half) + when(2.0 * x, same)
    z = merge(half, y, when(-x, ~word("1(01)")))
    return y, z, where(start, 0, n)
