"""Iterators inside of iterated nodes, and of iterated functions."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, each, f32, fold, node, pre, scan


@node
def cell(acc: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    return pre(acc, init=0.0) + x


@node
def row(xs: Stream[Vec[L[3]]]) -> Stream[f32]:
    return fold(cell, 1.0)(each(lambda x: x + pre(x, init=0.0))(xs))


@node
def main(
    m: Stream[Mat[L[2], L[3]]], k: Stream[f32]
) -> tuple[Stream[Vec[L[2]]], Stream[Mat[L[2], L[3]]], Stream[Mat[L[2], L[3]]]]:
    rows = each(row)(m)
    scaled = each(lambda xs: each(lambda x: x * k)(xs))(m)
    sums = each(lambda xs: scan(cell, k, backwards=True)(xs))(m)
    return rows, scaled, sums
