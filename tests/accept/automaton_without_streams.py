"""Modes that read nothing from outside: a pattern that repeats."""

import enum

from syncml import Stream, automaton, every, first, i32, node, state, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(x: Stream[i32]) -> tuple[Stream[Mode], Stream[i32]]:
    mode = automaton(Mode)
    n = mode.shared(i32)
    with mode(Mode.OFF):
        a = state(init=0)
        a.next = a + 1
        n.define(a)
        mode.go(Mode.ON, when=a == 2)
    with mode(Mode.ON):
        n.define(7)
        mode.go(Mode.FAULT, when=True)
    with mode(Mode.FAULT):
        n.define(where(first(), 5, 6))
        mode.go(Mode.OFF, when=every(3, phase=2))
    return mode.state, n + x
