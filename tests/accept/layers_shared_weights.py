"""One layer called twice: the weights are shared, the hidden states are not."""

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, constant, node, sigmoid, state, tanh, zeros


class Gated:
    """A recurrent layer with one gate."""

    def __init__(self, inputs: int, units: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.units = units
        self.w = constant(draw.normal(size=(units, inputs)).round(2), name="w")
        self.g = constant(draw.normal(size=(units, inputs)).round(2), name="g")

    @node
    def __call__(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        h = state(init=zeros(self.units))
        gate = sigmoid(self.g @ x)
        h.next = gate * h + (1.0 - gate) * tanh(self.w @ x)
        return h.next


layer, head = Gated(2, 3, seed=1), Gated(3, 2, seed=2)


@node
def main(x: Stream[Vec[L[2]]], y: Stream[Vec[L[2]]]) -> Stream[Vec[L[2]]]:
    return head(layer(x)) - head(layer(y))
