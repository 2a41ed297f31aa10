"""Contractions of one, two and three operands."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, constant, einsum, f32, i32, node, vec

WEIGHTS = constant(np.arange(6.0).reshape(2, 3), name="weights")


@node
def contracted(
    a: Stream[Mat[L[2], L[3]]], b: Stream[Vec[L[3]]], c: Stream[Vec[L[2]]], n: Stream[Mat[L[2], L[3], i32]]
) -> tuple[Stream[Vec[L[5]]], Stream[Mat[L[3], L[2]]], Stream[i32]]:
    product = einsum("ij,j->i", a, b)
    bilinear = einsum("i, ij, j ->", c, WEIGHTS, b)
    total: Stream[f32] = einsum("ij->", a)
    trace = einsum("ij,ij->", a, WEIGHTS)
    outer = einsum("i,j->ij", b, c)
    squares = einsum("ij,kj->", n, n)
    return vec(product, bilinear, total, trace), outer, squares
