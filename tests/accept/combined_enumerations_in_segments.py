"""Enumerations as state in an array; a switch on one inside of a segment."""

import enum
from typing import Literal as L

from syncml import (
    Stream,
    Vec,
    f32,
    hold,
    i32,
    node,
    pack,
    post,
    segment,
    state,
    switch,
    where,
    wire,
    zeros,
)


class G(enum.Enum):
    LOW = 0
    MID = 1
    HIGH = 2


@node
def main(
    x: Stream[f32], g: Stream[G], i: Stream[i32]
) -> tuple[Stream[Vec[L[3], G]], Stream[f32], Stream[Vec[L[4]]], Stream[i32]]:
    hist = state(init=[G.LOW, G.MID, G.LOW])
    hist.next = hist.at[i % 3].set(g)
    count = state(init=0)
    count.next = count + where((hist == G.HIGH).any(), 1, 0)
    with segment(every=4):
        s = switch(g)
        v = s.shared(f32)
        with s(G.LOW):
            v.define(x)
        with s(G.MID):
            a = state(init=0.0)
            a.next = a + x
            v.define(a)
        with s.otherwise():
            v.define(-x)
        ret = wire(f32)
        ret.define(v + 0.9 * post(ret, init=0.0))
        p = pack(ret)
    return hist, hold(p[0], init=0.0), hold(p, init=zeros(4)), count
