"""Literals that do not fit."""

from syncml import Stream, constant, f32, i8, i32, node, state, u8


@node
def literals(a: Stream[i8], b: Stream[u8], n: Stream[i32], x: Stream[f32]) -> Stream[f32]:
    c = a + 300  # error: [T003]
    d = b - -1  # error: [T003]
    e = n * 0.5  # error: [T003]
    f = n + 2.0  # error: [T003]
    g = x * 1e39  # error: [T003]
    h = x < float("inf")  # error: [T003]
    i = n + [1, 2**40]  # error: [T003]
    j = constant(-5, u8)  # error: [T003]
    k = state(init=0.5, type=i32)  # error: [T003]
    return x
