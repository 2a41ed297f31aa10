"""Weak transitions take effect at the next instant; the first that is written is taken."""

import enum

from syncml import Stream, automaton, i32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(button: Stream[bool], broken: Stream[bool]) -> tuple[Stream[Mode], Stream[i32]]:
    mode = automaton(Mode)
    level = mode.shared(i32)
    with mode(Mode.OFF):
        level.define(0)
        mode.go(Mode.FAULT, when=broken)
        mode.go(Mode.ON, when=button)
    with mode(Mode.ON):
        level.define(1)
        mode.go(Mode.FAULT, when=broken)
        mode.go(Mode.OFF, when=button)
    with mode(Mode.FAULT):
        level.define(-1)
        mode.go(Mode.OFF, when=~broken)
    return mode.state, level
