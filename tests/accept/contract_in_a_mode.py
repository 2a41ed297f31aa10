"""A clause inside of a mode speaks while the mode is active."""

import enum

from syncml import Stream, automaton, ensure, i32, node, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(x: Stream[i32], go: Stream[bool]) -> Stream[i32]:
    mode = automaton(Mode)
    y = mode.shared(i32, default=0)
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        z = where(x > 0, x, 0)
        ensure(z >= 0, "no negative force")
        y.define(z)
        mode.go(Mode.OFF, when=go)
    return y
