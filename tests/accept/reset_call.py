"""An instance that starts again, with the instances inside of it."""

from syncml import Hz, Stream, arrow, f32, hold, i32, node, pre, sample, state


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n


@node(rate=Hz(100))
def mean(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, to=Hz(25))
    edge = arrow(slow, slow - pre(slow))
    total = state(init=0.0)
    total.next = total + hold(edge)
    return total


@node(rate=Hz(100))
def main(x: Stream[f32], step: Stream[i32], restart: Stream[bool]) -> tuple[Stream[f32], Stream[i32]]:
    m = mean.reset_every(restart)(x)
    n = count.reset_every(restart & (step > 3))(step)
    return m, n
