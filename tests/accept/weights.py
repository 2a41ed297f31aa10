"""A network whose weights are constants of NumPy; a layer is an object, and a call makes its state."""

from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, constant, maximum, node, state, tanh, zeros

SEED = np.random.default_rng(0)
W1 = constant(SEED.normal(size=(3, 2)))
B1 = constant(np.zeros(3, np.float32))


class Recurrent:
    """A simple recurrent layer."""

    def __init__(self, inputs: int, units: int) -> None:
        self.units = units
        self.w = constant(SEED.normal(size=(units, inputs)), name="w")
        self.u = constant(SEED.normal(size=(units, units)), name="u")

    def __call__(self, x: Stream[Vec[L[3]]]) -> Stream[Vec[L[2]]]:
        h = state(init=zeros(self.units))
        h.next = tanh(self.w @ x + self.u @ h)
        return h


layer = Recurrent(3, 2)


@node
def network(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[2]]]:
    hidden = maximum(W1 @ x + B1, 0.0)
    return layer(hidden) + layer(hidden * 2.0)
