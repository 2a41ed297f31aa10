"""Reverse-mode differentiation of array programs, and the Adam optimiser.

Rule: every operation appends its result and the map from the result's gradient to those of its arguments; walking the
tape backwards sums the gradients. Arrays are float64 with one row for each example of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Shape (batch, features) unless said otherwise."""


@dataclass(slots=True, eq=False)
class Value:
    """An array and, after `Tape.differentiate`, the gradient of the loss with respect to it (zero while None)."""

    data: Array
    grad: Array | None = None

    def accumulate(self, part: Array) -> None:
        """Add ``part`` to the gradient; a column that was spread over several features gets their sum."""
        if part.shape != self.data.shape:
            part = part.sum(axis=1, keepdims=True)
        self.grad = part if self.grad is None else self.grad + part


@dataclass(slots=True)
class Tape:
    """The operations of one evaluation, in order."""

    _steps: list[tuple[Value, Callable[[Array], None]]] = field(default_factory=list)

    def _record(self, data: Array, back: Callable[[Array], None]) -> Value:
        result = Value(data)
        self._steps.append((result, back))
        return result

    def affine(self, x: Value, weight: Value, bias: Value) -> Value:
        """``x @ weight.T + bias``; the weight is (outputs, inputs), the bias (outputs,)."""

        def back(grad: Array) -> None:
            x.accumulate(grad @ weight.data)
            weight.accumulate(grad.T @ x.data)
            bias.accumulate(grad.sum(axis=0))

        return self._record(x.data @ weight.data.T + bias.data, back)

    def sigmoid(self, x: Value) -> Value:
        """The logistic function."""
        y = 1.0 / (1.0 + np.exp(-x.data))
        return self._record(y, lambda grad: x.accumulate(grad * y * (1.0 - y)))

    def tanh(self, x: Value) -> Value:
        """The hyperbolic tangent."""
        y = np.tanh(x.data)
        return self._record(y, lambda grad: x.accumulate(grad * (1.0 - y * y)))

    def add(self, a: Value, b: Value, factor: float = 1.0) -> Value:
        """``a + factor * b``; either may be a single column."""

        def back(grad: Array) -> None:
            a.accumulate(grad)
            b.accumulate(factor * grad)

        return self._record(a.data + factor * b.data, back)

    def multiply(self, a: Value, b: Value) -> Value:
        """The product of the features; either may be a single column."""

        def back(grad: Array) -> None:
            a.accumulate(grad * b.data)
            b.accumulate(grad * a.data)

        return self._record(a.data * b.data, back)

    def scale(self, x: Value, factor: float) -> Value:
        """``factor * x``."""
        return self._record(factor * x.data, lambda grad: x.accumulate(factor * grad))

    def columns(self, x: Value, start: int, stop: int) -> Value:
        """The features from ``start`` up to ``stop``."""

        def back(grad: Array) -> None:
            whole = np.zeros_like(x.data)
            whole[:, start:stop] = grad
            x.accumulate(whole)

        return self._record(x.data[:, start:stop], back)

    def join(self, parts: Sequence[Value]) -> Value:
        """The features of all ``parts``, side by side."""
        ends = np.cumsum([part.data.shape[1] for part in parts])

        def back(grad: Array) -> None:
            for part, piece in zip(parts, np.split(grad, ends[:-1], axis=1), strict=True):
                part.accumulate(piece)

        return self._record(np.concatenate([part.data for part in parts], axis=1), back)

    def square_error(self, x: Value, wanted: Array, weight: float = 1.0) -> Value:
        """``weight`` times the mean of the squared differences; shape ()."""
        off = x.data - wanted
        mean = np.asarray(weight * np.mean(off * off), dtype=np.float64)
        return self._record(mean, lambda grad: x.accumulate(grad * (2.0 * weight / off.size) * off))

    def differentiate(self, loss: Value) -> None:
        """Fill in the gradients of everything that ``loss`` was computed from."""
        loss.grad = np.ones_like(loss.data)
        for result, back in reversed(self._steps):
            if result.grad is not None:
                back(result.grad)


Parameters = dict[str, Value]
"""The trained arrays of a network, by the name of the tensor in the weights file."""


class Adam:
    """Adam (Kingma, Ba 2015) with decay rates 0.9 and 0.999; gradients are scaled to a norm of at most 1."""

    def __init__(self, parameters: Parameters, rate: float) -> None:
        self.rate = rate
        self._parameters = list(parameters.values())
        self._mean = [np.zeros_like(p.data) for p in self._parameters]
        self._square = [np.zeros_like(p.data) for p in self._parameters]
        self._steps = 0

    def step(self) -> None:
        """Move every parameter and forget its gradient."""
        self._steps += 1
        grads = [np.zeros_like(p.data) if p.grad is None else p.grad for p in self._parameters]
        norm = float(np.sqrt(sum(float((g * g).sum()) for g in grads)))
        shrink = min(1.0, 1.0 / (norm + 1e-9))
        for i, (parameter, raw) in enumerate(zip(self._parameters, grads, strict=True)):
            grad = shrink * raw
            self._mean[i] = 0.9 * self._mean[i] + 0.1 * grad
            self._square[i] = 0.999 * self._square[i] + 0.001 * grad * grad
            mean = self._mean[i] / (1.0 - 0.9**self._steps)
            square = self._square[i] / (1.0 - 0.999**self._steps)
            parameter.data = parameter.data - self.rate * mean / (np.sqrt(square) + 1e-8)
            parameter.grad = None
