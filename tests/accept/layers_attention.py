"""Attention over the last three vectors: scores, a soft choice, a weighted sum."""

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, concat, constant, exp, node, state, zeros

QUERY = constant(np.array([[1.0, 0.5], [-0.5, 1.0]]), name="query")


@node
def softmax(scores: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
    shifted = exp(scores - scores.max())
    return shifted / shifted.sum()


@node
def main(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[2]]]:
    memory = state(init=zeros(3, 2))
    memory.next = concat(x.reshape(1, 2), memory[:2])
    weights = softmax(memory.next @ (QUERY @ x))
    return weights @ memory.next
