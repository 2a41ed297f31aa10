"""`last` is the previous value where the stream was made; `pre` that of the mode."""

import enum

from syncml import Stream, automaton, i32, last, node, pre


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(x: Stream[i32], go: Stream[bool]) -> Stream[i32]:
    mode = automaton(Mode)
    y = mode.shared(i32, default=0)
    with mode(Mode.OFF):
        y.define(last(x, 0))
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        y.define(pre(x, init=0))
        mode.go(Mode.OFF, when=go)
    return y
