"""A call in every tick, in every second one, and on a clock that depends on data."""

from syncml import Stream, every, f32, node, sample, spread, tanh, when


@node
def slow(x: Stream[f32]) -> Stream[f32]:
    return tanh(tanh(x))


@node
def main(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    a = spread(slow, ticks=2)(x)  # error: [C011]
    b = spread(slow, ticks=3)(sample(x, every(2)))  # error: [C011]
    d = spread(slow, ticks=2)(when(x, c))  # error: [C011]
    return x
