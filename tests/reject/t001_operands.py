"""Operands of different types."""

import enum

from syncml import Stream, f32, f64, i32, node, where


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def mixed(x: Stream[f32], y: Stream[f64], n: Stream[i32], m: Stream[Mode]) -> Stream[f32]:
    a = x + y  # error: [T001]
    b = where(n > 0, x, n)  # error: [T001]
    c = m == n  # error: [T001]
    d = x > True  # error: [T001]
    return where(c & d, a, b)
