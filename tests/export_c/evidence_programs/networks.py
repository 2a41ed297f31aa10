"""Networks with declared input ranges, of which EVA shows that no run overflows."""

from typing import Literal

import numpy as np

from syncml import Hz, Stream, Vec, assume, ensure, f32, node, window
from syncml.nodes.activations import relu
from syncml.nodes.convolution import convolve
from syncml.nodes.neural import GRU, MLP

rng = np.random.default_rng(3)


def scaled(*extents: int) -> np.ndarray:
    return rng.normal(scale=0.3, size=extents).astype(np.float32)


LAYERS = {
    "0.weight": scaled(64, 8), "0.bias": scaled(64), "1.weight": scaled(64, 64), "1.bias": scaled(64),
    "2.weight": scaled(2, 64), "2.bias": scaled(2),
}  # fmt: skip
POLICY = MLP.of(LAYERS, relu)
CELL = GRU(scaled(48, 6), scaled(48, 16), scaled(48), scaled(48))
FIRST, SECOND = scaled(6, 4, 3), scaled(2, 6, 3)


@node(rate=Hz(100))
def mlp(x: Stream[Vec[Literal[8]]]) -> Stream[Vec[Literal[2]]]:
    assume((abs(x) <= 10.0).all(), "inputs in range")
    return POLICY(x)


@node(rate=Hz(100))
def gru(x: Stream[Vec[Literal[6]]]) -> Stream[Vec[Literal[16]]]:
    assume((abs(x) <= 10.0).all(), "inputs in range")
    return CELL(x)


@node(rate=Hz(100))
def conv(x: Stream[Vec[Literal[4]]]) -> Stream[f32]:
    assume((abs(x) <= 10.0).all(), "inputs in range")
    hidden = relu(convolve(window(x, 5), FIRST, channels_last=True))
    score = convolve(hidden, SECOND, channels_last=True).sum()
    ensure(score == score, "a number", req="SR-7")
    return score
