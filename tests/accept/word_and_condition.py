"""A condition below a word and a word below a condition."""

from syncml import Stream, every, hold, i32, merge, node, sample, state, when


@node
def count(x: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + x
    return n.next


@node
def main(x: Stream[i32], go: Stream[bool]) -> tuple[Stream[i32], Stream[i32]]:
    slow, allowed = sample(x, every(2)), sample(go, every(2))
    a = count(when(slow, allowed))
    b = count(sample(when(x, go), every(3, phase=1)))
    return hold(merge(allowed, a, 0)), hold(hold(b, init=-1), init=-2)
