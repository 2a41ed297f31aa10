"""The controller of the comparison: a PID loop behind a chain of 20 filters, and a 2x32 tanh network that scales it."""

from __future__ import annotations

import itertools

import numpy as np

from syncml import Hz, Stream, clip, f32, node, state, tanh, vec
from syncml.nodes.neural import MLP

FILTERS = 20


def weights() -> dict[str, np.ndarray]:
    """Fixed random weights; their values do not matter for the time."""
    generator = np.random.default_rng(5)
    sizes = (3, 32, 32, 1)
    tensors: dict[str, np.ndarray] = {}
    for k, (columns, rows) in enumerate(itertools.pairwise(sizes)):
        tensors[f"{k}.weight"] = (generator.normal(size=(rows, columns)) / np.sqrt(columns)).astype(np.float32)
        tensors[f"{k}.bias"] = generator.normal(scale=0.1, size=rows).astype(np.float32)
    return tensors


NETWORK = MLP.of(weights(), tanh)


@node
def low_pass(x: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    smooth = last + 0.1 * (x - last)
    last.next = smooth
    return smooth


@node(rate=Hz(100))
def bench(target: Stream[f32], actual: Stream[f32]) -> Stream[f32]:
    smooth = actual
    for _ in range(FILTERS):
        smooth = low_pass(smooth)
    err = target - smooth
    integral = state(init=0.0)
    last = state(init=0.0)
    slope = err - last
    gain = NETWORK(vec(err, integral, slope))[0]
    raw = (0.8 + gain) * err + 0.1 * integral + 0.05 * slope
    command = clip(raw, -4.0, 2.0)
    integral.next = clip(integral + 0.01 * err, -10.0, 10.0)
    last.next = err
    return command
