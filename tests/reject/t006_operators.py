"""Operators that a type does not have."""

import enum

from syncml import Stream, exp, f32, i32, merge, node, tanh, when, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def operators(x: Stream[f32], n: Stream[i32], c: Stream[bool], m: Stream[Mode]) -> Stream[f32]:
    a = c + c  # error: [T006]
    b = x & x  # error: [T006]
    d = tanh(n)  # error: [T006]
    e = n / n  # error: [T006]
    f = m < Mode.ON  # error: [T006]
    g = -c  # error: [T006]
    h = where(x, x, x)  # error: [T006]
    i = when(x, n)  # error: [T006]
    j = merge(n, x, x)  # error: [T006]
    k = x + "one"  # error: [T006]
    o = x[0]  # error: [T006]
    p = exp("one")  # error: [T006]
    return x
