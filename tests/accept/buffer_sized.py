"""Clocks that depend on data, and sizes that are found: a handshake, a line of delays, credits, a node of its own."""

from syncml import Stream, buffer, f32, hold, node, pre, state, when, where


@node
def handshake(x: Stream[f32], busy: Stream[bool]) -> Stream[f32]:
    arrives = busy & pre(~busy, init=True)
    return hold(buffer(when(x, arrives), at=pre(arrives, init=False)), init=0.0)


@node
def line(x: Stream[f32], level: Stream[f32]) -> Stream[f32]:
    ask = level > 0.5
    later = pre(pre(ask, init=False), init=False)
    return hold(buffer(when(x, ask), at=later), init=0.0)


@node
def credits(x: Stream[f32], ask: Stream[bool], free: Stream[bool]) -> Stream[f32]:
    waiting = state(init=0)
    arrives = ask & (waiting < 5)
    serves = free & (waiting > 0)
    waiting.next = waiting + where(arrives, 1, 0) - where(serves, 1, 0)
    return hold(buffer(when(x, arrives), at=serves), init=0.0)


@node
def main(x: Stream[f32], ask: Stream[bool], free: Stream[bool]) -> Stream[f32]:
    turn = state(init=False)
    turn.next = turn ^ ask
    second = buffer(when(x, ask & ~turn), at=ask & turn)
    return handshake(x, ask) + line(x, x) + credits(x, ask, free) + hold(second, init=0.0)
