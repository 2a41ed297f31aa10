"""Blocks of no mode; a first mode that is none."""

import enum

from syncml import Stream, automaton, f32, node, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def entered(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    side = switch(c)
    with side:  # error: [L021]
        y = x + 1.0
    return y


@node
def named(x: Stream[f32]) -> Stream[f32]:
    mode = automaton(Mode, initial="ON")  # error: [L021]
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=x > 0.0)
    return x


@node
def main(x: Stream[f32], c: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    return entered(x, c), named(x)
