"""A reset at an instant between two calls would fall between two stages."""

from syncml import Stream, every, f32, node, pre, sample, spread, tanh


@node
def slow(x: Stream[f32]) -> Stream[f32]:
    return tanh(tanh(x) + pre(x, init=0.0))


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    return spread(slow.reset_every(restart), ticks=2)(sample(x, every(4)))  # error: [C011]
