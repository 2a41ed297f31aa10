"""A switch within a switch for each element, and a window whose place is proved."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, each, ensure, f32, last, node, pre, shared, state, switch, where


class M(enum.Enum):
    A = 0
    B = 1
    C = 2


@node
def f(x: Stream[f32], m: Stream[M], c: Stream[bool]) -> Stream[f32]:
    s = switch(m)
    y = s.shared(f32, init=0.5)
    with s(M.B):
        t = switch(c)
        z = t.shared(f32)
        with t(True):
            z.define(x + last(y))
        with t(False):
            z.define(pre(x, init=0.0) - last(x, 0.0))
        y.define(z)
    with s.otherwise():
        k = state(init=0.0)
        k.next = k + 1.0
        y.define(k)
    return y


@node
def main(x: Stream[Vec[L[3]]], m: Stream[Vec[L[3], M]], c: Stream[bool]) -> tuple[Stream[Vec[L[3]]], Stream[Vec[L[2]]]]:
    n = state(init=0)
    n.next = where(n == 1, 0, n + 1)
    ensure((n >= 0) & (n <= 1), "n")
    return each(f)(x, m, shared(c)), x.window(n, 2)
