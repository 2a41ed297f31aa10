"""An automaton runs on the clock of what its modes read."""

import enum

from syncml import Hz, Stream, automaton, f32, hold, node, pre, sample, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node(rate=Hz(100))
def main(x: Stream[f32], fast: Stream[bool]) -> Stream[f32]:
    slow = sample(x, to=Hz(25))
    mode = automaton(Mode)
    y = mode.shared(f32, default=1.0)
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=slow > 0.0)
    with mode(Mode.ON):
        y.define(slow + pre(slow, init=0.0))
        mode.go(Mode.OFF, when=slow < 0.0)
    return where(fast, x, hold(y))
