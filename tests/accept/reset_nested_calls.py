"""A reset of a call reaches the instances of the instances, each on its own clock."""

from syncml import Stream, every, hold, i32, node, sample, state


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=10)
    n.next = n + step
    return n


@node
def pair(step: Stream[i32], go: Stream[bool]) -> Stream[i32]:
    slow = count(sample(step, go))
    return hold(slow, init=-1) + count(step)


@node
def outer(step: Stream[i32], go: Stream[bool], lap: Stream[bool]) -> Stream[i32]:
    return pair.reset_every(lap)(step, go) + hold(count(sample(step, every(2))), init=0)


@node
def main(step: Stream[i32], go: Stream[bool], lap: Stream[bool], start: Stream[bool]) -> Stream[i32]:
    return outer.reset_every(start)(step, go, lap)
