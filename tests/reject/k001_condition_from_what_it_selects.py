"""A condition is computed from the stream that it selects."""

from syncml import Stream, f32, merge, node, when, wire


@node
def decide(x: Stream[f32]) -> Stream[f32]:
    high = wire(bool)  # error: [K001]
    y = merge(high, when(x, high), when(-x, ~high))
    high.define(y > 0.0)
    return y
