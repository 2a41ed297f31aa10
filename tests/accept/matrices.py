"""Products, transposes, reshaping and reductions."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, node, vec


@node
def matrices(m: Stream[Mat[L[2], L[3]]], v: Stream[Vec[L[3]]], w: Stream[Vec[L[2]]]) -> Stream[Vec[L[8]]]:
    product = m @ v + w @ m @ m.T
    square = m.T @ m
    rows = m.sum(axis=1)
    flat = m.reshape(-1)
    inner = v @ v
    widest = m.max(axis=0)
    return vec(product, rows, flat[0], inner, square.min(), widest.sum())
