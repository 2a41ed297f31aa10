"""Contractions with a batch axis, a diagonal and a transposition, on three operands."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, constant, einsum, f32, node

FORM = constant(np.arange(4.0).reshape(2, 2), name="form")


@node
def main(
    a: Stream[Mat[L[3], L[2]]], b: Stream[Mat[L[3], L[2]]]
) -> tuple[Stream[Vec[L[3]]], Stream[Vec[L[2]]], Stream[Mat[L[2], L[3]]], Stream[f32]]:
    each = einsum("bi,ij,bj->b", a, FORM, b)
    diagonal = einsum("ii->i", a.T @ b)
    turned: Stream[Mat[L[2], L[3]]] = einsum("ij->ji", a)
    return each, diagonal, turned, einsum("bi,bi->", a, b)
