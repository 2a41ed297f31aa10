"""Normalisation as trained networks need it: with statistics of the training set, or of the value itself.

Rule: each is ``(x - mean) / sqrt(variance + epsilon) * weight + bias`` on the clock of its argument. Where mean and
variance are constants (a batch normalisation at inference) they are folded with weight and bias, in double precision,
into one factor and one summand for each channel; `folded` goes on and folds those into the convolution in front. Where
they are of the value itself, mean and variance are sums from 0 in row-major order, divided by the number of elements;
the variance is that of the differences from the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import constant, sqrt
from syncml.nodes.activations import Values
from syncml.nodes.convolution import Convolution
from syncml.nodes.neural import Dense

Weights: TypeAlias = Mapping[str, NDArray[Any]]
Linear = TypeVar("Linear", Dense, Convolution)


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """A batch normalisation at inference (Ioffe, Szegedy 2015): for each channel a factor and a summand.

    Attributes:
        weight: (channels,).
        bias: (channels,).
        mean: (channels,), of the training set.
        variance: (channels,), of the training set.
        epsilon: Is added to the variance.
        axis: The axis of the channels: 0, or -1 where they are last.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    mean: NDArray[Any]
    variance: NDArray[Any]
    epsilon: float = 1e-5
    axis: int = 0

    @classmethod
    def of(cls, weights: Weights, prefix: str = "", **options: Any) -> Any:
        """The layer of ``{prefix}weight``, ``bias``, ``running_mean`` and ``running_var``, as PyTorch names them."""
        found = [weights[f"{prefix}{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
        return cls(found[0], found[1], found[2], found[3], **options)

    @property
    def affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The factor and the summand of each channel."""
        weight, bias, mean, variance = (
            np.asarray(t, dtype=np.float64) for t in (self.weight, self.bias, self.mean, self.variance)
        )
        factor = weight / np.sqrt(variance + self.epsilon)
        return factor, bias - mean * factor

    def __call__(self, x: Values) -> Values:
        """``x * factor + summand``."""
        axis = self.axis % len(x.shape)
        extents = tuple(n if i == axis else 1 for i, n in enumerate(x.shape))
        factor, summand = (t.astype(np.float32).reshape(extents) for t in self.affine)
        return x * constant(factor, name="norm_weight") + constant(summand, name="norm_bias")


def folded(layer: Linear, norm: BatchNorm) -> Linear:
    """The dense layer or convolution that computes ``norm(layer(x))``; ``layer`` has no activation of its own.

    Its sums are rounded otherwise than those of the two layers one after the other, by some units in the last place.
    """
    factor, summand = norm.affine
    weight = layer.weight * factor.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    bias = summand if layer.bias is None else np.asarray(layer.bias, dtype=np.float64) * factor + summand
    return replace(layer, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """A normalisation over the last axes, as many as the weight has (Ba, Kiros, Hinton 2016).

    Attributes:
        weight: The extents of the last axes of the input.
        bias: As the weight, or none.
        epsilon: Is added to the variance.
    """

    weight: NDArray[Any]
    bias: NDArray[Any] | None = None
    epsilon: float = 1e-5

    @classmethod
    def of(cls, weights: Weights, prefix: str = "", **options: Any) -> Any:
        """The layer of the tensors ``{prefix}weight`` and, if there is one, ``{prefix}bias``."""
        return cls(weights[f"{prefix}weight"], weights.get(f"{prefix}bias"), **options)

    def __call__(self, x: Values) -> Values:
        """The normalised input, on its clock."""
        extents = x.shape
        count = int(np.prod(self.weight.shape))
        y = standardised(x.reshape(*extents[: len(extents) - self.weight.ndim], count), self.epsilon)
        y = y.reshape(*extents) * constant(self.weight, name="norm_weight")
        return y if self.bias is None else y + constant(self.bias, name="norm_bias")


@dataclass(frozen=True, eq=False)
class GroupNorm:
    """A normalisation over groups of channels and all places (Wu, He 2018); inputs are ``(channels, *extents)``.

    With as many groups as channels it is an instance normalisation.

    Attributes:
        groups: The number of groups, a divisor of the number of channels.
        weight: (channels,).
        bias: (channels,).
        epsilon: Is added to the variance.
    """

    groups: int
    weight: NDArray[Any]
    bias: NDArray[Any]
    epsilon: float = 1e-5

    def __call__(self, x: Values) -> Values:
        """The normalised input, on its clock."""
        extents = x.shape
        count = int(np.prod(extents)) // self.groups
        y = standardised(x.reshape(self.groups, count), self.epsilon).reshape(*extents)
        weight, bias = (t.reshape(-1, *(1,) * (len(extents) - 1)) for t in (self.weight, self.bias))
        return y * constant(weight, name="norm_weight") + constant(bias, name="norm_bias")


def standardised(x: Values, epsilon: float) -> Values:
    """``(x - mean) / sqrt(variance + epsilon)`` along the last axis."""
    *rest, count = x.shape
    centred = x - (x.sum(axis=-1) / float(count)).reshape(*rest, 1)
    variance = (centred * centred).sum(axis=-1) / float(count)
    return centred / sqrt(variance + epsilon).reshape(*rest, 1)
