"""Attention of a stream to its own past: the newest value asks, the last ``window`` values answer.

Rule: at each tick the layer makes a query, a key and a value of its input and puts key and value in a ring of as
many places as its window is long. For each head, with ``d`` features in a head,

    score[i] = sum_f query[f] * key[i, f] / sqrt(d)        for the places i that have been written
    share    = exp(score - m) / sum exp(score - m)         m is the greatest score, so that no power overflows
    out[f]   = sum_i share[i] * value[i, f]

and the heads, one after the other, go through the last dense layer (Vaswani et al. 2017). Sums over places ascend in
the number of the place in the ring, not in age; a place that has not been written has share 0. This is causal
self-attention over a sliding window, one tick at a time: the work of a tick does not grow with time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt as root
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import arange, constant, einsum, exp, minimum, where
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, i32
from syncml.nodes.neural import Vector

Weights: TypeAlias = Mapping[str, NDArray[Any]]

_BELOW = -1e30
"""Stands for the score of a place that has not been written; below every score of a trained network."""


@dataclass(frozen=True, eq=False)
class Attention:
    """Causal self-attention over the last ``window`` ticks, with the weights of PyTorch's ``MultiheadAttention``.

    Attributes:
        weight_in: (3 * features, features): the rows of the queries, the keys, the values.
        bias_in: (3 * features,).
        weight_out: (features, features).
        bias_out: (features,).
        heads: A divisor of the number of features.
        window: How many ticks are remembered, the present one among them.
    """

    weight_in: NDArray[Any]
    bias_in: NDArray[Any]
    weight_out: NDArray[Any]
    bias_out: NDArray[Any]
    heads: int
    window: int

    @classmethod
    def of(cls, weights: Weights, heads: int, window: int, prefix: str = "") -> Attention:
        """The layer of ``{prefix}in_proj_weight``, ``in_proj_bias``, ``out_proj.weight`` and ``out_proj.bias``."""
        names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        found = [weights[f"{prefix}{name}"] for name in names]
        return cls(found[0], found[1], found[2], found[3], heads, window)

    @node
    def attention(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """What the newest input finds among the last ones."""
        features, n = self.weight_out.shape[0], self.window
        size = features // self.heads
        projected = constant(self.weight_in, name="in_weight") @ x + constant(self.bias_in, name="in_bias")
        parts = [projected[i * features : (i + 1) * features].reshape(self.heads, size) for i in range(3)]
        query, key, value = parts
        empty = np.zeros((n, self.heads, size), dtype=np.float32)
        keys = state(init=constant(empty))
        values = state(init=constant(empty))
        place = state(init=constant(0, i32))
        latest = state(init=constant(0, i32))
        all_keys, all_values = keys.at[place].set(key), values.at[place].set(value)
        scores = einsum("hf,ihf->ih", query, all_keys) / root(size)
        scores = where((arange(n) <= latest).reshape(n, 1), scores, _BELOW)
        powers = exp(scores - scores.max(axis=0))
        found = einsum("ih,ihf->hf", powers, all_values) / powers.sum(axis=0).reshape(self.heads, 1)
        keys.next, values.next = all_keys, all_values
        place.next = (place + 1) % n
        latest.next = minimum(latest + 1, n - 1)
        return constant(self.weight_out, name="out_weight") @ found.reshape(features) + constant(
            self.bias_out, name="out_bias"
        )

    def __call__(self, x: Vector) -> Vector:
        """An instance with a ring of its own, on the clock of ``x``: (features,) to (features,)."""
        return self.attention(x)
