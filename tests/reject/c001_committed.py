"""A state that was sampled before it was known to be slow."""

from syncml import Hz, Stream, f32, hold, node, sample, state


@node(rate=Hz(100))
def main(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, to=Hz(10))
    total = state(init=0.0)
    slower = sample(total, to=Hz(5))
    total.next = total + slow  # error: [C001]
    return hold(slower, init=0.0)
