"""Each cause is reported where it is, and what follows from it is not."""

from syncml import Hz, Stream, f32, node, sample


@node(rate=Hz(100))
def two(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    slow = sample(x, to=Hz(10))
    first = slow + y  # error: [C001]
    after = first * 2.0 + slow
    second = y - slow  # error: [C001]
    return after + x, second
