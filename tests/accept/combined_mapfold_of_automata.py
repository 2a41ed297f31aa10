"""An accumulator through automata that can be reset, in a node for any size."""

import enum
from typing import Any, TypeVar
from typing import Literal as L

from syncml import Stream, Vec, automaton, f32, mapfold, node, reset_every, shared, state

N = TypeVar("N", bound=int)


class M(enum.Enum):
    A = 0
    B = 1


@node
def cell(carry: Stream[f32], x: Stream[f32], r: Stream[bool]) -> tuple[Stream[f32], Stream[M]]:
    with reset_every(r):
        m = automaton(M)
        t = m.shared(f32, default=0.0)
        with m(M.A):
            k = state(init=1.0)
            k.next = k * 0.5 + x
            t.define(k)
            m.go(M.B, when=k > 2.0)
        with m(M.B):
            m.go(M.A, when=x < 0.0, resume=True)
    return carry + t, m.state


@node
def bank(xs: Stream[Vec[N]], r: Stream[bool]) -> tuple[Stream[f32], Stream[Vec[Any, M]]]:
    return mapfold(cell, 0.0)(xs, shared(r))


@node
def main(
    xs: Stream[Vec[L[3]]], ys: Stream[Vec[L[2]]], r: Stream[bool]
) -> tuple[Stream[f32], Stream[Vec[L[3], M]], Stream[f32], Stream[Vec[L[2], M]]]:
    a, b = bank(xs, r)
    c, d = bank.reset_every(r)(ys, ~r)
    return a, b, c, d
