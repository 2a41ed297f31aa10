"""An automaton that is reset is in its first mode again."""

import enum

from syncml import Stream, automaton, i32, last, node, reset_every


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def toggle(press: Stream[bool]) -> tuple[Stream[Mode], Stream[i32]]:
    mode = automaton(Mode)
    n = mode.shared(i32, init=0)
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=press)
    with mode(Mode.ON):
        n.define(last(n) + 1)
        mode.go(Mode.OFF, when=press)
    return mode.state, n


@node
def main(press: Stream[bool], restart: Stream[bool]) -> tuple[Stream[Mode], Stream[i32], Stream[Mode]]:
    mode, n = toggle.reset_every(restart)(press)
    with reset_every(restart):
        again, _ = toggle(press)
    return mode, n, again
