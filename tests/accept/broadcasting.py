"""Shapes broadcast as in NumPy: scalars, rows, columns; arrays on either side."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, f32, node, where

SCALE = np.array([1.0, 2.0, 3.0])


@node
def broadcasting(m: Stream[Mat[L[2], L[3]]], v: Stream[Vec[L[3]]], x: Stream[f32]) -> Stream[Mat[L[2], L[3]]]:
    rows = m + v
    scaled: Stream[Mat[L[2], L[3]]] = SCALE * rows + x  # what NumPy multiplies has no type
    positive = where(scaled > 0.0, scaled, 0.0)
    return positive * [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]] + np.ones((2, 1)) * m
