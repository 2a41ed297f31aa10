"""An invariant of a counter that helps to prove the bound, in a node that is called twice."""

from syncml import Stream, assume, ensure, i32, invariant, node, state, where


@node
def bounded(step: Stream[bool], size: int) -> Stream[i32]:
    n = state(init=0)
    invariant((n >= 0) & (n < size), "in the ring")
    n.next = where(step, where(n == size - 1, 0, n + 1), n)
    ensure(n < size, "below the size")
    return n


@node
def main(step: Stream[bool], weight: Stream[i32]) -> Stream[i32]:
    assume((weight > -1000) & (weight < 1000), "small weights")
    total = bounded(step, 5) * weight + bounded(~step, 7)
    ensure((total > -10000) & (total < 10000), "small total")
    return total
