"""Two automata that take turns: each waits for what the other did at the instant before."""

import enum

from syncml import Stream, automaton, i32, last, node


class Turn(enum.Enum):
    WAIT = 0
    PLAY = 1


@node
def main(pace: Stream[bool]) -> tuple[Stream[Turn], Stream[Turn], Stream[i32]]:
    a = automaton(Turn, initial=Turn.PLAY)
    b = automaton(Turn)
    rally = a.shared(i32, init=0)
    a.unless(Turn.PLAY, when=last(b.state, Turn.WAIT) == Turn.PLAY, source=Turn.WAIT)
    with a(Turn.PLAY):
        rally.define(last(rally) + 1)
        a.go(Turn.WAIT, when=pace)
    b.unless(Turn.PLAY, when=(last(a.state, Turn.PLAY) == Turn.PLAY) & (a.state == Turn.WAIT), source=Turn.WAIT)
    with b(Turn.PLAY):
        b.go(Turn.WAIT, when=pace)
    return a.state, b.state, rally
