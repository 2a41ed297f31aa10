"""A loop out of a block inside of a mode, and back into it."""

import enum

from syncml import Stream, automaton, f32, node, switch, wire


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], precise: Stream[bool], go: Stream[bool]) -> Stream[f32]:
    back = wire(f32)  # error: [K001]
    mode = automaton(Mode)
    y = mode.shared(f32, default=0.0)
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        chosen = switch(precise)
        z = chosen.shared(f32)
        with chosen(True):
            z.define(x + back)
        with chosen(False):
            z.define(x)
        y.define(z)
        mode.go(Mode.OFF, when=go)
    back.define(2.0 * y)
    return y
