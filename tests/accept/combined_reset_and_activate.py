"""A reset around an automaton; in its modes an activated call, and records as memory."""

import enum

from syncml import (
    Record,
    Stream,
    activate,
    automaton,
    f32,
    i32,
    last,
    node,
    reset_every,
    state,
    where,
)


class M(enum.Enum):
    A = 0
    B = 1


class Track(Record):
    gap: Stream[f32]
    n: Stream[i32]


@node
def filt(x: Stream[f32]) -> Stream[f32]:
    s = state(init=0.0)
    s.next = s * 0.5 + x
    return s


@node
def main(
    x: Stream[f32], r: Stream[bool], c: Stream[bool], t: Track
) -> tuple[Stream[f32], Track, Stream[M], Stream[f32]]:
    with reset_every(r):
        m = automaton(M, initial=M.B)
        y = m.shared(f32, init=1.0)
        z = m.shared(f32, default=-1.0)
        with m(M.A):
            mem = state(init=Track(gap=0.0, n=0))
            mem.next = Track(gap=mem.gap + t.gap, n=mem.n + 1)
            y.define(mem.gap + last(y))
            z.define(activate(filt, every=c, default=0.5)(x))
            m.go(M.B, when=mem.n > 3)
        with m(M.B):
            keep = state(init=t)
            keep.next = where(c, t, keep)
            y.define(last(y) + keep.gap)
            m.go(M.A, when=c)
    best = state(init=Track(gap=100.0, n=0))
    best.next = where(t.gap < best.gap, t, best)
    return y, best, m.state, z
