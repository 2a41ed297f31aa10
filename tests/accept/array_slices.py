"""Slices with a step, backwards, of columns; parts from a dynamic index on."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, arange, i32, node, vec


@node
def slices(v: Stream[Vec[L[6]]], m: Stream[Mat[L[3], L[4]]], n: Stream[i32]) -> Stream[Vec[L[26]]]:
    even = v[::2]
    backwards = v[::-1]
    last_but_one_down = v[-2::-2]
    columns = m[::-2, 3:0:-1]
    part = v.window(n, 3)
    rows = m.window(n, 2)
    doubled = (even * 2.0)[::-1]
    return vec(even, backwards, last_but_one_down, columns.reshape(6), part, rows[1, 1:3], doubled)


@node
def main(v: Stream[Vec[L[6]]], m: Stream[Mat[L[3], L[4]]], n: Stream[i32]) -> Stream[Vec[L[26]]]:
    return slices(v, m, n + arange(3)[1])
