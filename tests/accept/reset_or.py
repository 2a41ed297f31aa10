"""Two resets of one block are one on their disjunction; a reset by a constant leaves no memory."""

from syncml import Stream, constant, i32, node, reset_every, state


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n


@node
def main(step: Stream[i32], a: Stream[bool], b: Stream[bool]) -> tuple[Stream[i32], Stream[i32], Stream[i32]]:
    with reset_every(a), reset_every(b):
        nested = count(step)
    either = count.reset_every(a | b)(step)
    forgetful = count.reset_every(constant(True))(step)
    return nested, either, forgetful
