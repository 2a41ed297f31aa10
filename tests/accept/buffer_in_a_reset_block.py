"""Buffers that are reset: words that start again, words that do not, first values, a mode that starts afresh."""

import enum

from syncml import Stream, automaton, buffer, f32, hold, node, pre, reset_every, when, word


class Mode(enum.Enum):
    IDLE = 0
    BURST = 1


@node
def afresh(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    with reset_every(restart):
        y = buffer(when(x, word("(1100)")), at=word("(10)"))
        return hold(y, init=0.0)


@node
def first(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    with reset_every(restart):
        ask = x > 0.0
        y = buffer(when(x, ask), at=ask, init=[1.0, 2.0])
        later = buffer(when(x, ask), at=pre(pre(ask, init=False), init=False))
        return hold(y, init=0.0) - hold(later, init=0.5)


@node
def bursts(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    y = mode.shared(f32, init=0.0)
    with mode(Mode.IDLE):
        y.define(x)
        mode.go(Mode.BURST, when=go)
    with mode(Mode.BURST):
        y.define(hold(buffer(when(x, word("(1^3 0^3)")), at=word("(10)")), init=0.0))
        mode.go(Mode.IDLE, when=~go)
    return y


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    return afresh(x, restart) + first(x, restart) + bursts(x, restart)
