"""History: a washing programme goes on where it was left when the lid closes again, or starts again if asked to."""

import enum

from syncml import Stream, automaton, i32, node, state


class Wash(enum.Enum):
    RUN = 0
    PAUSE = 1
    DONE = 2


@node
def main(lid: Stream[bool], again: Stream[bool]) -> tuple[Stream[Wash], Stream[i32]]:
    wash = automaton(Wash)
    left = wash.shared(i32, init=6)
    with wash(Wash.RUN):
        minute = state(init=0)
        minute.next = minute + 1
        left.define(6 - minute)
        wash.go(Wash.PAUSE, when=lid)
        wash.go(Wash.DONE, when=minute >= 6)
    with wash(Wash.PAUSE):
        wash.go(Wash.RUN, when=again)
        wash.go(Wash.RUN, when=~lid, resume=True)
    with wash(Wash.DONE):
        wash.go(Wash.RUN, when=again)
    return wash.state, left
