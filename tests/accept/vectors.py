"""Indices, slices, dynamic indices, unpacking, joining."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, concat, i32, node, stack, vec


@node
def vectors(v: Stream[Vec[L[4]]], m: Stream[Mat[L[2], L[3]]], n: Stream[i32]) -> Stream[Vec[L[13]]]:
    a, b, c, d = v
    last = v[-1]
    middle = v[1:3]
    picked = v[n]
    column = m[:, 1]
    row = m[1]
    corner = m[0, 2]
    block = m[0:1, 1:]
    rows = stack(row, row * 2.0)
    joined = concat(m, rows, axis=1)
    return vec(a + b, c * d, last, middle, picked, column, corner, block[0], joined[n, 5], 0.0)
