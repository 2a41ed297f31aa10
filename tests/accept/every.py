"""Words: one of three instants, and its complement."""

from syncml import Stream, every, f32, hold, merge, node, sample, when


@node
def words(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    third = every(3, phase=1)
    y = hold(sample(x, third), init=0.0)
    z = merge(third, when(x, third), when(-x, ~third))
    return y, z
