"""Networks as functions of one vector of parameters, for batches of rows.

Rule: all weights and biases of a network lie in one vector, layer after layer, each matrix (inputs, outputs) by rows
and then its bias. A layer is ``x @ w + b`` for the rows of ``x``. So a policy is one parameter, an optimiser goes over
it in one loop, and a checkpoint has one tensor; `Layers.tensors` gives the matrices in the layout of PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import tanh

Rows: TypeAlias = Any
"""(rows, n)."""


@dataclass(frozen=True)
class Layers:
    """Dense layers with an activation between them; the last one is linear.

    Attributes:
        sizes: The inputs, the units of each hidden layer, the outputs.
        activation: Of hidden layers.
        last_gain: The scale of the last layer's first weights; that of the others is ``sqrt 2``.
    """

    sizes: tuple[int, ...]
    activation: Callable[[Any], Any] = tanh
    last_gain: float = 1.0

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum((rows + 1) * columns for rows, columns in self._shapes())

    def _shapes(self) -> list[tuple[int, int]]:
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    def __call__(self, parameters: Any, x: Rows, start: int = 0) -> Rows:
        """The outputs for each row.

        Args:
            parameters: A vector that has those of this network.
            x: (rows, inputs).
            start: Where they begin.
        """
        shapes = self._shapes()
        for number, (rows, columns) in enumerate(shapes):
            weight = parameters[start : start + rows * columns].reshape(rows, columns)
            start += rows * columns
            x = x @ weight + parameters[start : start + columns]
            start += columns
            x = self.activation(x) if number < len(shapes) - 1 else x
        return x

    def initial(self, seed: int) -> NDArray[np.float32]:
        """First parameters: orthogonal matrices (Saxe et al. 2014), times their gain, and biases of 0."""
        random = np.random.default_rng(seed)
        parts: list[NDArray[Any]] = []
        shapes = self._shapes()
        for number, (rows, columns) in enumerate(shapes):
            gain = self.last_gain if number == len(shapes) - 1 else sqrt(2.0)
            parts += [gain * _orthogonal(random, rows, columns).reshape(-1), np.zeros(columns)]
        return np.concatenate(parts).astype(np.float32)

    def tensors(self, parameters: NDArray[Any], prefix: str = "", start: int = 0) -> dict[str, NDArray[np.float32]]:
        """The tensors ``{prefix}{i}.weight``, (outputs, inputs), and ``{prefix}{i}.bias``, as PyTorch has them."""
        found: dict[str, NDArray[np.float32]] = {}
        for number, (rows, columns) in enumerate(self._shapes()):
            weight = parameters[start : start + rows * columns].reshape(rows, columns)
            found[f"{prefix}{number}.weight"] = np.ascontiguousarray(weight.T, np.float32)
            start += rows * columns
            found[f"{prefix}{number}.bias"] = np.asarray(parameters[start : start + columns], np.float32)
            start += columns
        return found


def _orthogonal(random: np.random.Generator, rows: int, columns: int) -> NDArray[Any]:
    q, r = np.linalg.qr(random.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T
