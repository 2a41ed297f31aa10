"""Streams that cannot be held."""

from syncml import Hz, Stream, f32, hold, node, sample


@node(rate=Hz(100))
def main(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    a = hold(x, init=0.0)  # error: [L020]
    b = hold(x + y, init=0.0)  # error: [L020]
    return a + b + hold(sample(x, to=Hz(10)))
