"""Two instances of one node, spread over different numbers of ticks, each with its own memory."""

from syncml import Hz, Stream, f32, hold, node, sample, spread, state


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.5 * (y + x)
    z = state(init=1.0)
    z.next = 0.5 * (z + y.next)
    return y.next * z + x * x


@node(rate=Hz(100))
def main(x: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    soon = spread(smooth, ticks=2)(sample(x, to=Hz(20)))
    late = spread(smooth, ticks=4)(sample(v, to=Hz(20)))
    return hold(soon, init=0.0) - hold(late, init=0.0)
