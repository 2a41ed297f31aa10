"""A reset inside of a block, by a condition of the block; the other block has a reset call."""

from syncml import Stream, i32, node, reset_every, state, switch


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n.next


@node
def main(side: Stream[bool], step: Stream[i32], clear: Stream[bool]) -> Stream[i32]:
    chosen = switch(side)
    n = chosen.shared(i32)
    with chosen(True), reset_every(clear):
        n.define(count(step))
    with chosen(False):
        n.define(count.reset_every(clear & (step > 2))(-step))
    return n
