"""Automata in a method, a list of such nodes, and a loop around them."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, automaton, constant, f32, node, pre, stack, where, wire


class S(enum.Enum):
    LO = 0
    HI = 1


class Hyst:
    def __init__(self, lo: float, hi: float) -> None:
        self.lo, self.hi = lo, hi

    @node
    def __call__(self, x: Stream[f32]) -> Stream[S]:
        m = automaton(S)
        m.unless(S.HI, when=x > self.hi, source=S.LO)
        m.unless(S.LO, when=x < self.lo, source=S.HI)
        with m(S.LO):
            pass
        with m(S.HI):
            pass
        return m.state


hs = [Hyst(-1.0 * k, 1.0 * k) for k in range(1, 4)]


@node
def main(x: Stream[f32]) -> tuple[Stream[Vec[L[3], S]], Stream[f32]]:
    fb = wire(f32)
    states = [h(x + fb) for h in hs]
    u: Stream[f32] = sum((where(s == S.HI, 1.0, -1.0) for s in states), start=constant(0.0))
    fb.define(pre(u, init=0.0) * 0.5)
    return stack(*states), u
