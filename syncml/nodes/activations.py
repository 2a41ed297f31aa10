"""Activation functions of neural networks, on scalars and arrays of any shape.

Rule: each acts on every element, on the clock of its argument, by the formula of its docstring, from left to right.
None of them has state. Parameters are numbers that are known when the program is traced.
"""

from __future__ import annotations

from math import sqrt as root
from typing import Any, TypeAlias

import numpy as np

from syncml.lang.functions import clip, exp, log, maximum, minimum, sigmoid, tanh, where
from syncml.lang.stream import Stream

Values: TypeAlias = Stream[Any]
"""Numbers of a float type, of any shape."""

_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: an error of at most 1.5e-7."""


def relu(x: Values) -> Values:
    """``max(0, x)``; a NaN gives 0."""
    return maximum(0.0, x)


def identity(x: Values) -> Values:
    """``x``: the activation of a linear layer."""
    return x


def leaky_relu(x: Values, slope: float = 0.01) -> Values:
    """``x`` where it is at least 0, else ``slope * x``."""
    return where(x < 0.0, slope * x, x)


def elu(x: Values, alpha: float = 1.0) -> Values:
    """``x`` where it is above 0, else ``alpha * (exp(x) - 1)`` (Clevert, Unterthiner, Hochreiter 2016)."""
    return where(x > 0.0, x, alpha * (exp(minimum(x, 0.0)) - 1.0))


def selu(x: Values, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> Values:
    """``scale * elu(x, alpha)`` (Klambauer, Unterthiner, Mayr, Hochreiter 2017)."""
    return scale * elu(x, alpha)


def softplus(x: Values) -> Values:
    """``log(1 + exp(x))``, computed as ``max(x, 0) + log(1 + exp(-abs(x)))``, which does not overflow."""
    return maximum(x, 0.0) + log(1.0 + exp(-abs(x)))


def softsign(x: Values) -> Values:
    """``x / (1 + abs(x))``."""
    return x / (1.0 + abs(x))


def silu(x: Values) -> Values:
    """``x * sigmoid(x)``, also called swish (Hendrycks, Gimpel 2016)."""
    return x * sigmoid(x)


def hard_sigmoid(x: Values, slope: float = 1 / 6, offset: float = 0.5) -> Values:
    """``slope * x + offset`` between 0 and 1: of PyTorch; the defaults of ONNX are 0.2 and 0.5."""
    return clip(slope * x + offset, 0.0, 1.0)


def hard_swish(x: Values) -> Values:
    """``x * hard_sigmoid(x)`` (Howard et al. 2019)."""
    return x * hard_sigmoid(x)


def mish(x: Values) -> Values:
    """``x * tanh(softplus(x))`` (Misra 2020)."""
    return x * tanh(softplus(x))


def erf(x: Values) -> Values:
    """The error function, by five terms in ``1 / (1 + 0.3275911 abs(x))``; in ``f32`` off by at most 5e-7."""
    size = abs(x)
    t = 1.0 / (1.0 + 0.3275911 * size)
    total = t * _ERF[-1]
    for coefficient in reversed(_ERF[:-1]):
        total = t * (total + coefficient)
    value = 1.0 - total * exp(-(size * size))
    return where(x < 0.0, -value, value)


def gelu(x: Values, approximate: bool = False) -> Values:
    """``x * (1 + erf(x / sqrt(2))) / 2`` (Hendrycks, Gimpel 2016).

    Args:
        x: The argument.
        approximate: ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2`` in its place.
    """
    if approximate:
        return (0.5 * x) * (1.0 + tanh(root(2 / np.pi) * (x + 0.044715 * (x * x * x))))
    return (0.5 * x) * (1.0 + erf(x * root(0.5)))


def softmax(x: Values, axis: int = -1) -> Values:
    """``exp(x - m) / sum(exp(x - m))`` along an axis, where ``m`` is the greatest element, so that none overflows.

    The sum ascends along the axis.
    """
    powers = exp(shifted(x, axis))
    return powers / _kept(powers.sum(axis=axis), powers, axis)


def log_softmax(x: Values, axis: int = -1) -> Values:
    """``(x - m) - log(sum(exp(x - m)))`` along an axis, where ``m`` is the greatest element."""
    below = shifted(x, axis)
    return below - _kept(log(exp(below).sum(axis=axis)), below, axis)


def shifted(x: Values, axis: int) -> Values:
    """``x`` less its greatest element along an axis."""
    return x - _kept(x.max(axis=axis), x, axis)


def _kept(reduced: Values, x: Values, axis: int) -> Values:
    """What was reduced along ``axis`` of ``x``, with an axis of extent 1 in its place."""
    axis %= len(x.shape)
    return reduced.reshape(*x.shape[:axis], 1, *x.shape[axis + 1 :])
