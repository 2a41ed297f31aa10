"""A node with buffers of its own, in stages."""

from syncml import Stream, buffer, every, f32, hold, node, sample, spread, tanh, when


@node
def slow(x: Stream[f32]) -> Stream[f32]:
    ask = x > 0.0
    return tanh(x) + hold(buffer(when(x, ask), at=ask, init=[1.0]), init=0.0)


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return spread(slow, ticks=2)(sample(x, every(4)))
