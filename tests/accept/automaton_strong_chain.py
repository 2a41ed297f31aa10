"""A strong and a weak transition in one instant: in by the first, out by the second."""

import enum

from syncml import Stream, automaton, i32, last, node


class Valve(enum.Enum):
    SHUT = 0
    PURGE = 1
    OPEN = 2


@node
def main(kick: Stream[bool], flow: Stream[i32]) -> tuple[Stream[Valve], Stream[i32]]:
    valve = automaton(Valve)
    purged = valve.shared(i32, init=0)
    valve.unless(Valve.PURGE, when=kick)
    with valve(Valve.SHUT):
        valve.go(Valve.OPEN, when=flow > 100)
    with valve(Valve.PURGE):
        purged.define(last(purged) + 1)
        valve.go(Valve.OPEN, when=flow > 0)
        valve.go(Valve.SHUT, when=flow < 0)
    with valve(Valve.OPEN):
        valve.go(Valve.SHUT, when=flow == 0)
    return valve.state, purged
