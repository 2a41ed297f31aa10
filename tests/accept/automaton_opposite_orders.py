"""Two variables that need each other in opposite orders in two modes."""

import enum

from syncml import Stream, automaton, f32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(x: Stream[f32], swap: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    mode = automaton(Mode)
    a = mode.shared(f32, default=0.0)
    b = mode.shared(f32, default=0.0)
    with mode(Mode.OFF):
        b.define(a + 1.0)
        a.define(x)
        mode.go(Mode.ON, when=swap)
    with mode(Mode.ON):
        a.define(b * 2.0)
        b.define(x)
        mode.go(Mode.OFF, when=swap)
    return a, b
