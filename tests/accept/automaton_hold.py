"""A shared variable with a first value keeps its value in a mode that does not define it."""

import enum

from syncml import Stream, automaton, f32, last, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(speed: Stream[f32], press: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    mode = automaton(Mode)
    wanted = mode.shared(f32, init=30.0)
    with mode(Mode.OFF):
        wanted.define(speed)
        mode.go(Mode.ON, when=press)
    with mode(Mode.ON):
        mode.go(Mode.OFF, when=press)
    return wanted, last(wanted)
