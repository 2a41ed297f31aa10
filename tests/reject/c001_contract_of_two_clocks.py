"""A contract compares streams of two clocks."""

from syncml import Hz, Stream, ensure, f32, node, sample


@node(rate=Hz(100))
def watched(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, to=Hz(10))
    ensure(x - slow < 1.0, "close")  # error: [C001]
    return x
