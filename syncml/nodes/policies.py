"""Policies as they were trained: the normalisation of observations, the network, and what makes actions of its output.

Rule: an instant of a policy is ``act(network(normalise(observation)))``. Observations are normalised by the statistics
of training and clipped; actions are the mean of the policy's distribution (no noise), clipped to the action space, or
squashed by tanh and stretched to it, or the number of the greatest output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import arange, clip, constant, tanh, where
from syncml.lang.node import node
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.nodes.activations import Values
from syncml.nodes.neural import Activation, Dense, Vector, identity


def argmax(x: Values, axis: int = -1) -> Stream[Any]:
    """The number of the greatest element along an axis, ``i32``; the first of equals.

    Where elements are NaN it is the number of elements along the axis.
    """
    axis %= len(x.shape)
    count = x.shape[axis]
    greatest = x.max(axis=axis).reshape(*x.shape[:axis], 1, *x.shape[axis + 1 :])
    numbers = arange(count).reshape(*(count if i == axis else 1 for i in range(len(x.shape))))
    return where(x == greatest, numbers, count).min(axis=axis)


@dataclass(frozen=True, eq=False)
class ObservationNorm:
    """``clip((x - mean) / sqrt(variance + epsilon))``, as ``VecNormalize`` of Stable-Baselines3 computes it.

    Attributes:
        mean: (observations,).
        variance: (observations,).
        epsilon: Is added to the variance.
        clip: The greatest magnitude of a normalised observation.
    """

    mean: NDArray[Any]
    variance: NDArray[Any]
    epsilon: float = 1e-8
    clip: float = 10.0

    def __call__(self, x: Vector) -> Vector:
        """The normalised observations, on their clock."""
        deviation = np.sqrt(np.asarray(self.variance, dtype=np.float64) + self.epsilon).astype(np.float32)
        centred = x - constant(np.asarray(self.mean, dtype=np.float32), name="observation_mean")
        return clip(centred / constant(deviation, name="observation_deviation"), -self.clip, self.clip)


def clipped(low: NDArray[Any], high: NDArray[Any]) -> Activation:
    """``min(high, max(low, x))``: actions that are clipped to their space, from ``low`` to ``high`` (actions,)."""
    return lambda x: clip(x, constant(low, name="action_low"), constant(high, name="action_high"))


def squashed(low: NDArray[Any], high: NDArray[Any]) -> Activation:
    """``low + (0.5 * (tanh(x) + 1)) * (high - low)``: actions that are squashed and stretched to their space."""
    span = np.asarray(high - low, dtype=np.float32)
    return lambda x: constant(low, name="action_low") + (0.5 * (tanh(x) + 1.0)) * constant(span, name="action_span")


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy: dense layers between the normalisation of observations and the making of actions.

    Attributes:
        layers: The dense layers, the last of them linear.
        act: `clipped`, `squashed`, `argmax`, or the identity.
        normalise: What is done with observations first.
    """

    layers: tuple[Dense, ...]
    act: Activation = identity
    normalise: Activation = identity

    @property
    def inputs(self) -> int:
        """The number of observations."""
        return self.layers[0].weight.shape[1]

    @node
    def policy(self, observation: Stream[Vec[Any]]) -> Stream[Any]:
        """The action of an observation."""
        x = self.normalise(observation)
        for layer in self.layers:
            x = layer(x)
        return self.act(x)

    def __call__(self, observation: Vector) -> Stream[Any]:
        """An instance: a vector of actions, or the number of one (`argmax`), on the clock of the observations."""
        return self.policy(observation)
