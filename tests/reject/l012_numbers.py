"""A stream where Python needs a number: each node has one such place."""

import math

from syncml import Stream, f32, i32, node


@node
def root(x: Stream[f32]) -> Stream[f32]:
    return x * math.tanh(x)  # error: [L012]


@node
def convert(x: Stream[f32]) -> Stream[f32]:
    return x + float(x)  # error: [L012]


@node
def repeat(x: Stream[f32], n: Stream[i32]) -> Stream[f32]:
    for _ in range(n):  # error: [L012]
        x = x * 2.0
    return x
