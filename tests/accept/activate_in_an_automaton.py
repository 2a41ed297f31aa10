"""A node that runs now and then inside of a mode; entering the mode starts it again."""

import enum

from syncml import Stream, activate, automaton, every, i32, node, state


class Mode(enum.Enum):
    REST = 0
    WORK = 1


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n.next


@node
def main(step: Stream[i32], go: Stream[bool]) -> tuple[Stream[i32], Stream[Mode]]:
    mode = automaton(Mode)
    made = mode.shared(i32, init=-1)
    with mode(Mode.REST):
        mode.go(Mode.WORK, when=go)
    with mode(Mode.WORK):
        made.define(activate(count, every=every(2), default=0)(step))
        mode.go(Mode.REST, when=made > 9)
    return made, mode.state
