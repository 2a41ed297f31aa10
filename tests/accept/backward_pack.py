"""From time to space and back: a matrix product over a packed segment."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, node, pack, unpack

W = np.arange(12.0).reshape(4, 3) * 0.25


@node
def batched(x: Stream[Vec[L[3]]]) -> tuple[Stream[Vec[L[4]]], Stream[Mat[L[5], L[4]]]]:
    batch = pack(x, 5)
    layer = batch @ W.T
    return unpack(layer), layer
