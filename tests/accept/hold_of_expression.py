"""A pointwise expression of sampled streams is held on the clock that they were sampled from."""

from syncml import Hz, Stream, f32, hold, node, sample, state, where


@node(rate=Hz(100))
def main(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    a = sample(x, to=Hz(10))
    total = state(init=0.0)
    total.next = total + a
    b = where(sample(y, to=Hz(10)) > 0.0, a, total)
    return hold(b * 2.0)
