"""Two automata side by side, each of which reads what the other one did."""

import enum

from syncml import Stream, automaton, i32, last, node


class Light(enum.Enum):
    RED = 0
    GREEN = 1


@node
def main(waiting: Stream[bool]) -> tuple[Stream[Light], Stream[Light]]:
    north = automaton(Light)
    east = automaton(Light, initial=Light.GREEN)
    north_ticks = north.shared(i32, init=0)
    with north(Light.RED):
        north_ticks.define(0)
        north.go(Light.GREEN, when=waiting & (east.state == Light.RED))
    with north(Light.GREEN):
        north_ticks.define(last(north_ticks) + 1)
        north.go(Light.RED, when=last(north_ticks) > 3)
    with east(Light.RED):
        east.go(Light.GREEN, when=last(north.state, Light.RED) == Light.RED)
    with east(Light.GREEN):
        east.go(Light.RED, when=waiting)
    return north.state, east.state
