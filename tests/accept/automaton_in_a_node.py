"""A node with an automaton, three instances of it, one of them on a slower clock and one reset."""

import enum

from syncml import Stream, automaton, constant, every, hold, i32, last, node, sample


class Blink(enum.Enum):
    DARK = 0
    LIT = 1


@node
def blinker(on: Stream[i32], off: Stream[i32]) -> tuple[Stream[Blink], Stream[i32]]:
    mode = automaton(Blink)
    n = mode.shared(i32, init=0)
    with mode(Blink.DARK):
        n.define(last(n) - 1)
        mode.go(Blink.LIT, when=n <= -off)
    with mode(Blink.LIT):
        n.define(last(n) + 1)
        mode.go(Blink.DARK, when=n >= on)
    return mode.state, n


@node
def main(x: Stream[i32], start: Stream[bool]) -> tuple[Stream[Blink], Stream[Blink], Stream[i32]]:
    first, n = blinker(x, constant(2))
    third = every(3)
    slow, k = blinker(sample(x, third), sample(x + 1, third))
    _, m = blinker.reset_every(start)(constant(3), x)
    return first, hold(slow, init=Blink.DARK), n + hold(k, init=0) + m
