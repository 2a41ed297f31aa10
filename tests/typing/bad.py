"""Wrong programs: mypy and pyright, both strict, flag each line that ends in `# wrong`, and no other."""

# pyright: reportUnusedVariable=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import enum
from typing import Literal as L

from syncml import (
    Mat,
    Record,
    Stream,
    Vec,
    ensure,
    f32,
    hold,
    i32,
    merge,
    node,
    pre,
    sample,
    state,
    tanh,
    when,
    where,
    wire,
)


class Mode(enum.Enum):
    OFF = 0
    ON = 1


class Track(Record):
    gap: Stream[f32]


@node
def scale(x: Stream[f32], by: float = 1.0) -> Stream[f32]:
    return x * by


@node(rate=100)  # wrong
def rated(x: Stream[f32]) -> Stream[f32]:
    return x


@node
def main(
    x: Stream[f32],
    n: Stream[i32],
    c: Stream[bool],
    m: Stream[Mode],
    v: Stream[Vec[L[3]]],
    w: Stream[Vec[L[2]]],
    a: Stream[Mat[L[2], L[3]]],
    t: Track,
) -> Stream[f32]:
    y1 = x + n  # wrong
    y2 = v + w  # wrong
    y3 = a @ w  # wrong
    y4 = m + m  # wrong
    y5 = x & c  # wrong
    y6 = scale(v)  # wrong
    y7 = scale()  # wrong
    y8 = scale(x, by="fast")  # wrong
    y9 = t.speed  # wrong
    z1 = Track(gap="far")  # wrong
    z2 = Track(speed=x)  # wrong
    s = state(init=0)
    s.next = x  # wrong
    x.next = x  # wrong
    z3 = pre(x, init=Mode.OFF)  # wrong
    z4 = where(n, x, x)  # wrong
    w1 = where(c, Mode.OFF, 1)  # wrong
    w2 = where(c, n, Mode.ON)  # wrong
    z5 = when(x, n)  # wrong
    z6 = merge(c, x, m)  # wrong
    z7 = sample(x, to=10)  # wrong
    z8 = hold(x, init="zero")  # wrong
    wire(f32).define(c)  # wrong
    ensure(x, "x")  # wrong
    x[0] = 1.0  # wrong
    z9 = x[0]  # wrong
    q1 = tanh(1)  # wrong
    q2 = float(x)  # wrong
    q3: Stream[bool] = v == v  # wrong
    q4: Stream[bool] = a != v  # wrong
    for each in x:  # wrong
        pass
    return v  # wrong
