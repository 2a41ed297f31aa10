"""Automata with strong and weak transitions and `last` for each element of an array, also under a reset."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, automaton, cast, each, f32, last, node, reset_every, state


class M(enum.Enum):
    IDLE = 0
    RUN = 1
    STOP = 2


@node
def cell(x: Stream[f32], go: Stream[bool]) -> tuple[Stream[f32], Stream[M]]:
    m = automaton(M)
    y = m.shared(f32, init=0.0)
    m.unless(M.STOP, when=x > 2.0, source=M.RUN)
    m.unless(M.IDLE, when=x < -2.0)
    with m(M.IDLE):
        m.go(M.RUN, when=go, resume=True)
    with m(M.RUN):
        n = state(init=0)
        n.next = n + 1
        y.define(last(y) + cast(n, f32))
        m.go(M.IDLE, when=n > 3)
        m.go(M.STOP, when=n > 2)
    with m(M.STOP):
        y.define(last(y) * 0.5)
        m.go(M.RUN, when=~go, resume=True)
    return y, m.state


@node
def main(
    xs: Stream[Vec[L[4]]], go: Stream[Vec[L[4], bool]], r: Stream[bool]
) -> tuple[Stream[Vec[L[4]]], Stream[Vec[L[4], M]], Stream[Vec[L[4]]]]:
    ys, ms = each(cell)(xs, go)
    with reset_every(r):
        zs, _ks = each(cell)(xs * 2.0, go)
    return ys, ms, zs
