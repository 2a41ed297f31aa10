"""Memory of a mode starts afresh when the mode is entered, or goes on where it was left."""

import enum

from syncml import Stream, arrow, automaton, every, i32, node, pre, state, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n


@node
def main(step: Stream[i32], swap: Stream[bool]) -> Stream[i32]:
    mode = automaton(Mode)
    total = mode.shared(i32, default=0)
    with mode(Mode.OFF):
        total.define(count(step))
        mode.go(Mode.ON, when=swap, resume=True)
    with mode(Mode.ON):
        here = state(init=100)
        here.next = here + step
        beat = where(every(2), 1, 0)
        total.define(here + beat + arrow(0, pre(step)))
        mode.go(Mode.OFF, when=swap)
        mode.go(Mode.ON, when=here > 110)
    return total
