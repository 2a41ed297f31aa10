"""A node that samples inside runs at a rate of its own."""

from syncml import Stream, every, f32, hold, node, sample, spread, tanh


@node
def slow(x: Stream[f32]) -> Stream[f32]:
    return x + hold(tanh(sample(x, every(2))), init=0.0)


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return spread(slow, ticks=2)(sample(x, every(4)))  # error: [C011]
