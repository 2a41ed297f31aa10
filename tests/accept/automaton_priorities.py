"""The first transition that is written is taken; a strong one comes before a weak one of the same instant."""

import enum

from syncml import Stream, automaton, i32, node


class Lamp(enum.Enum):
    OFF = 0
    DIM = 1
    BRIGHT = 2


@node
def main(up: Stream[bool], down: Stream[bool], panic: Stream[bool]) -> tuple[Stream[Lamp], Stream[i32]]:
    lamp = automaton(Lamp)
    watts = lamp.shared(i32)
    lamp.unless(Lamp.OFF, when=panic)
    lamp.unless(Lamp.BRIGHT, when=up & down, source=(Lamp.OFF, Lamp.DIM))
    with lamp(Lamp.OFF):
        watts.define(0)
        lamp.go(Lamp.DIM, when=up)
    with lamp(Lamp.DIM):
        watts.define(5)
        lamp.go(Lamp.BRIGHT, when=up)
        lamp.go(Lamp.OFF, when=down)
    with lamp(Lamp.BRIGHT):
        watts.define(40)
        lamp.go(Lamp.OFF, when=up & down)
        lamp.go(Lamp.DIM, when=down)
    return lamp.state, watts
