"""The networks of the comparison with other exporters, with fixed random weights."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Hz, Stream, Vec, node, tanh, window
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import GRU, LSTM, Activation, Dense, identity, relu

FRAMES, CHANNELS = 49, 10
"""The window of the convolutions: so many frames of so many features."""


def random(seed: int, *shape: int) -> np.ndarray:
    """Weights whose products keep their size."""
    return (np.random.default_rng(seed).normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)


DENSE = ((random(1, 64, 8), random(2, 64)), (random(3, 64, 64), random(4, 64)), (random(5, 2, 64), random(6, 2)))
RECURRENT = {
    "GRU": (random(7, 96, 16), random(8, 96, 32), random(9, 96), random(10, 96)),
    "LSTM": (random(11, 128, 16), random(12, 128, 32), random(13, 128), random(14, 128)),
}
KERNELS = (random(15, 16, CHANNELS, 5), random(16, 16, 16, 5), random(17, 8, 16, 3))


def dense(x: Any, activation: Activation) -> Stream[Vec[L[2]]]:
    for number, (weight, bias) in enumerate(DENSE):
        x = Dense(weight, bias, activation if number < 2 else identity, f"layer{number}")(x)
    return x


@node(rate=Hz(100))
def mlp_relu(x: Stream[Vec[L[8]]]) -> Stream[Vec[L[2]]]:
    return dense(x, relu)


@node(rate=Hz(100))
def mlp_tanh(x: Stream[Vec[L[8]]]) -> Stream[Vec[L[2]]]:
    return dense(x, tanh)


@node(rate=Hz(100))
def gru(x: Stream[Vec[L[16]]]) -> Stream[Vec[L[32]]]:
    return GRU(*RECURRENT["GRU"])(x)


@node(rate=Hz(100))
def lstm(x: Stream[Vec[L[16]]]) -> Stream[Vec[L[32]]]:
    return LSTM(*RECURRENT["LSTM"])(x)


@node(rate=Hz(100))
def convolutions(x: Stream[Vec[L[10]]]) -> Stream[Vec[L[8]]]:
    """The newest column of three convolutions over the last frames; the exporter folds them over time."""
    y: Any = window(x, FRAMES)
    for number, kernel in enumerate(KERNELS):
        y = Conv1d(kernel, channels_last=True, name=f"conv{number}")(y)
        y = relu(y) if number < 2 else y
    return y[-1]
