"""A network of two layers without memory, in two ticks of four; the result is used where it comes."""

from typing import Literal as L

import numpy as np

from syncml import Hz, Stream, Vec, constant, hold, maximum, node, sample, spread, zeros

W1 = constant(np.linspace(-1.0, 1.0, 12).reshape(4, 3), name="w1")
W2 = constant(np.linspace(1.0, -1.0, 8).reshape(2, 4), name="w2")


@node
def network(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[2]]]:
    return W2 @ maximum(W1 @ x, 0.0)


@node(rate=Hz(40))
def main(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[2]]]:
    return hold(spread(network, ticks=2)(sample(x, to=Hz(10))), init=zeros(2))
