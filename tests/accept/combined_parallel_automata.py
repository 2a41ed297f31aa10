"""Two automata side by side that look at each other, with strong and weak transitions by priority."""

import enum

from syncml import Stream, automaton, cast, f32, i32, last, node, state


class P(enum.Enum):
    OFF = 0
    ON = 1
    ERR = 2


class Q(enum.Enum):
    U = 0
    V = 1
    W = 2


@node
def main(a: Stream[bool], b: Stream[bool], c: Stream[bool], x: Stream[f32]) -> tuple[Stream[P], Stream[Q], Stream[f32]]:
    p = automaton(P)
    out = p.shared(f32, init=0.0)
    q = automaton(Q)
    lvl = q.shared(i32, default=7, init=1)
    p.unless(P.ERR, when=a & b)
    p.unless(P.OFF, when=a, source=P.ON)
    with p(P.OFF):
        p.go(P.ON, when=b)
    with p(P.ON):
        out.define(x + cast(last(lvl), f32))
        p.go(P.ERR, when=last(lvl) > 3)
        p.go(P.OFF, when=c)
        p.go(P.ON, when=b)
    with p(P.ERR):
        k = state(init=0)
        k.next = k + 1
        out.define(cast(k, f32))
        p.go(P.OFF, when=k >= 2, resume=True)
    q.unless(Q.W, when=(p.state == P.ERR), source=Q.U)
    with q(Q.U):
        lvl.define(2)
        q.go(Q.V, when=c)
    with q(Q.V):
        n = state(init=0)
        n.next = n + 1
        lvl.define(n)
        q.go(Q.U, when=n > 5)
        q.go(Q.W, when=b & c)
    with q(Q.W):
        q.go(Q.V, when=out > 3.0, resume=True)
    return p.state, q.state, out
