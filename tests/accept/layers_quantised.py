"""Layers of integers: a convolution over time, a dense layer, a table, sums and products, and a softmax."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, i8, node
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import Affine, Linear, Quantised, Softmax, Table, add, average, multiply

SOUND, FEATURE, SCORE = Affine(0.02, -3), Affine(0.05, -128), Affine(0.1, 12)
FILTERS = np.array([[[3, -40], [90, 127], [5, -8]], [[-70, 4], [1, 0], [9, 77]], [[12, 60], [-127, 2], [33, 8]]])
CONVOLUTION = Linear(
    "okc,tkc->to", FILTERS, np.array([0.004, 0.02, 0.009]), np.array([20, -7, 400]), FEATURE, relu=True, name="filters"
)
DENSE = Linear(
    "oi,i->o", FILTERS.reshape(3, 6)[:, :3], np.array(0.01), None, SCORE, rounding=Rounding.EXACT, name="dense"
)
BOUNDED = Table(np.tanh, SCORE, Affine(1 / 128), "tanh")


@node
def main(x: Stream[Mat[L[8], L[2], i8]]) -> tuple[Stream[Vec[L[3], i8]], Stream[Vec[L[3], i8]]]:
    features = average(CONVOLUTION(Quantised(x.windows(3), SOUND)), 0)
    scores = DENSE(features)
    total = add(multiply(scores, features, SCORE), scores, FEATURE)
    return Softmax(SCORE)(scores).values, BOUNDED(Quantised(total.values, SCORE)).values
