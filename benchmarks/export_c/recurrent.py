"""A stateful network of 32 inputs, 32 units that remember, and 8 outputs."""

from __future__ import annotations

from typing import Literal as L

import numpy as np

from syncml import Hz, Stream, Vec, constant, node, state, tanh, zeros

INPUTS, UNITS, OUTPUTS = 32, 32, 8


def weights() -> dict[str, np.ndarray]:
    """Fixed random weights; their values do not matter for the time."""
    generator = np.random.default_rng(7)
    shapes = {"input": (UNITS, INPUTS), "recurrent": (UNITS, UNITS), "output": (OUTPUTS, UNITS)}
    tensors = {k: generator.normal(size=s) / np.sqrt(s[1]) for k, s in shapes.items()}
    tensors |= {"bias": generator.normal(scale=0.1, size=UNITS), "output_bias": generator.normal(size=OUTPUTS)}
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


TENSORS = weights()
W, U, V = (constant(TENSORS[name], name=name) for name in ("input", "recurrent", "output"))
B, C = (constant(TENSORS[name], name=name) for name in ("bias", "output_bias"))


@node(rate=Hz(1000))
def network(x: Stream[Vec[L[32]]]) -> Stream[Vec[L[8]]]:
    hidden = state(init=zeros(UNITS))
    now = tanh(W @ x + U @ hidden + B)
    hidden.next = now
    return V @ now + C
