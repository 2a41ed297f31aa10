"""A recurrent network that learns by back-propagation through time: the program, its weights and its data.

The network is a GRU of `units` on a batch of sequences, in the form in which the reset gate acts on the product (that
of PyTorch): one product for all gates, a linear output, the sum of squared errors. At the end of a segment each
parameter goes a step against its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Hz, Mat, Stream, Vec, f32, node, segment, sigmoid, state, tanh, zeros
from syncml.learn import SGD, descend, value_and_grad

RATE = 1e-5
PARAMETERS = ("w", "u", "b", "v")


@dataclass(frozen=True)
class Setting:
    """The sizes of the network and of its data."""

    units: int = 64
    batch: int = 64
    steps: int = 256
    inputs: int = 8
    outputs: int = 4

    def weights(self) -> dict[str, np.ndarray]:
        """The parameters at first."""
        draw = np.random.default_rng(7)
        gates = 3 * self.units
        shapes = {"w": (self.inputs, gates), "u": (self.units, gates), "b": (gates,), "v": (self.units, self.outputs)}
        return {n: (draw.uniform(-1.0, 1.0, s) / self.units**0.5).astype(np.float32) for n, s in shapes.items()}

    def data(self) -> dict[str, np.ndarray]:
        """What goes in at each instant, and what is to come out."""
        x = np.random.default_rng(8).normal(size=(self.steps, self.batch, self.inputs)).astype(np.float32)
        return {"x": x, "y": np.tanh(x[..., : self.outputs])}


def program(setting: Setting) -> Any:
    """The node that learns; its result is the loss of each instant."""
    n, m, i, o = setting.units, setting.batch, setting.inputs, setting.outputs
    initial = {name: value.tolist() for name, value in setting.weights().items()}

    @node
    def model(
        w: Stream[Mat[L[i], L[3 * n]]],
        u: Stream[Mat[L[n], L[3 * n]]],
        b: Stream[Vec[L[3 * n]]],
        v: Stream[Mat[L[n], L[o]]],
        x: Stream[Mat[L[m], L[i]]],
        y: Stream[Mat[L[m], L[o]]],
    ) -> Stream[f32]:
        h = state(init=zeros(m, n))
        given, remembered = x @ w + b, h @ u
        reset = sigmoid(given[:, :n] + remembered[:, :n])
        keep = sigmoid(given[:, n : 2 * n] + remembered[:, n : 2 * n])
        new = tanh(given[:, 2 * n :] + reset * remembered[:, 2 * n :])
        h.next = (1.0 - keep) * new + keep * h
        error = h.next @ v - y
        return (error * error).sum(axis=1).sum()

    @node(rate=Hz(100))
    def learns(x: Stream[Mat[L[m], L[i]]], y: Stream[Mat[L[m], L[o]]]) -> Stream[f32]:
        with segment(every=setting.steps) as sequence:
            w, u = sequence.carry(init=initial["w"]), sequence.carry(init=initial["u"])
            b, v = sequence.carry(init=initial["b"]), sequence.carry(init=initial["v"])
            loss, (d_w, d_u, d_b, d_v) = value_and_grad(model, wrt=PARAMETERS)(w, u, b, v, x, y)
            descend(sequence, SGD(RATE), (w, d_w), (u, d_u), (b, d_b), (v, d_v))
        return loss

    return learns
