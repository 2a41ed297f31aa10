"""A reset counts although what it resets is absent: the next value is the first one."""

from syncml import Stream, hold, i32, merge, node, reset_every, sample, state, when


@node
def main(step: Stream[i32], go: Stream[bool], start: Stream[bool]) -> tuple[Stream[i32], Stream[i32]]:
    seldom = sample(step, go)
    with reset_every(start):
        n = state(init=when(step, go))
        n.next = n + seldom
    return hold(n, init=0), merge(go, n, 0)
