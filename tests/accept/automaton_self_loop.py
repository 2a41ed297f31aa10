"""A transition from a mode to itself starts it again; with `resume` it changes nothing."""

import enum

from syncml import Stream, automaton, i32, node, state


class Watchdog(enum.Enum):
    WAIT = 0
    BITE = 1


@node
def main(fed: Stream[bool], touched: Stream[bool]) -> tuple[Stream[Watchdog], Stream[i32]]:
    dog = automaton(Watchdog)
    shown = dog.shared(i32, default=99)
    with dog(Watchdog.WAIT):
        hunger = state(init=0)
        hunger.next = hunger + 1
        shown.define(hunger)
        dog.go(Watchdog.WAIT, when=touched, resume=True)
        dog.go(Watchdog.WAIT, when=fed)
        dog.go(Watchdog.BITE, when=hunger >= 3)
    with dog(Watchdog.BITE):
        dog.go(Watchdog.WAIT, when=fed)
    return dog.state, shown
