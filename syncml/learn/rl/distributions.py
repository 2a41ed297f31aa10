"""What a policy says of its actions: a distribution for each row, with log-probabilities, entropies and samples.

Rule: a distribution is a view of streams, (rows,) or (rows, actions); nothing is remembered. Samples are functions of
random bits (`syncml.nodes.random`) by the inverse of the distribution function, so that all engines draw the same ones.
Derivatives pass log-probabilities, entropies and, by the reparameterisation of the normal distribution (Kingma, Welling
2014), its samples; they do not pass the sample of a category.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from syncml.lang.functions import arange, cast, cos, exp, log, maximum, sqrt, tanh, where
from syncml.lang.types import i32
from syncml.learn.sums import zeros_like
from syncml.nodes.random import uniform

LOG_TWO_PI = math.log(2.0 * math.pi)


class Distribution(Protocol):
    """What an algorithm asks of the actions of a policy."""

    def log_probability(self, action: Any) -> Any:
        """Of an action of each row: (rows,)."""
        ...

    def entropy(self) -> Any:
        """Of each row: (rows,)."""
        ...


@dataclass(frozen=True)
class Categorical:
    """One of some actions, with probabilities in proportion to ``exp(score)``.

    Attributes:
        scores: (rows, actions).
    """

    scores: Any

    def logs(self) -> Any:
        """The logarithms of the probabilities, (rows, actions); nothing overflows."""
        rows = self.scores.shape[0]
        shifted = self.scores - self.scores.max(axis=1).reshape(rows, 1)
        return shifted - log(exp(shifted).sum(axis=1)).reshape(rows, 1)

    def log_probability(self, action: Any) -> Any:
        """Of the action of each row, given as whole numbers (rows,)."""
        return where(self._is(action), self.logs(), 0.0).sum(axis=1)

    def slope(self, action: Any) -> Any:
        """The derivative of `log_probability` by the scores, (rows, actions): 1 at the action, less the shares."""
        shares = exp(self.logs())
        return where(self._is(action), 1.0 - shares, -shares)

    def entropy(self) -> Any:
        """``-sum p log p`` of each row."""
        logs = self.logs()
        return -(exp(logs) * logs).sum(axis=1)

    def sample(self, bits: Any) -> Any:
        """An action for each row, ``i32``, from 64 random bits each: the first whose cumulated share exceeds them."""
        rows, actions = self.scores.shape
        weights = exp(self.scores - self.scores.max(axis=1).reshape(rows, 1))
        level = cast(uniform(bits), weights) * weights.sum(axis=1)
        reached = zeros_like(level)
        chosen: Any = cast(reached, i32)
        for action in range(actions - 1):
            reached = reached + weights[:, action]
            chosen = chosen + where(level >= reached, 1, 0)
        return chosen

    def mode(self) -> Any:
        """The most probable action of each row, ``i32``; the first of equals."""
        rows, actions = self.scores.shape
        best = self.scores.max(axis=1).reshape(rows, 1)
        numbers = arange(actions).reshape(1, actions)
        return where(self.scores == best, numbers, actions).min(axis=1)

    def _is(self, action: Any) -> Any:
        rows, actions = self.scores.shape
        return action.reshape(rows, 1) == arange(actions).reshape(1, actions)


def normal(first: Any, second: Any, like: Any) -> Any:
    """Numbers with mean 0 and deviation 1 of two times 64 random bits each, of the element type of ``like``.

    By the transform of Box and Muller (1958): ``sqrt(-2 log u) cos(2 pi v)``, u from (0, 1].
    """
    radius = sqrt(-2.0 * log(1.0 - uniform(first)))
    return cast(radius * cos((2.0 * math.pi) * uniform(second)), like)


@dataclass(frozen=True)
class Gaussian:
    """Independent normal actions.

    Attributes:
        mean: (rows, actions).
        log_deviation: (actions,) or (rows, actions).
    """

    mean: Any
    log_deviation: Any

    def log_probability(self, action: Any) -> Any:
        """The density of the actions of each row, (rows, actions), as a logarithm."""
        scaled = (action - self.mean) * exp(-self.log_deviation)
        return (-0.5 * (scaled * scaled) - self.log_deviation - 0.5 * LOG_TWO_PI).sum(axis=1)

    def entropy(self) -> Any:
        """``sum of log deviation + (1 + log 2 pi) / 2`` of each row."""
        return (zeros_like(self.mean) + self.log_deviation + 0.5 * (1.0 + LOG_TWO_PI)).sum(axis=1)

    def sample(self, noise: Any) -> Any:
        """Actions from `normal` noise, (rows, actions)."""
        return self.mean + exp(self.log_deviation) * noise

    def mode(self) -> Any:
        """The mean."""
        return self.mean


@dataclass(frozen=True)
class Squashed:
    """Normal numbers that `tanh` brings to (-1, 1): the actions of SAC (Haarnoja et al. 2018).

    Log-probabilities are functions of the numbers before, which lose nothing where the action is near 1.
    """

    before: Gaussian

    def log_probability(self, raw: Any) -> Any:
        """Of ``tanh(raw)``: that of ``raw`` less ``log(1 - tanh^2)``, in the form that does not overflow."""
        away = 2.0 * (math.log(2.0) - raw - _softplus(-2.0 * raw))
        return self.before.log_probability(raw) - away.sum(axis=1)

    def sample(self, noise: Any) -> tuple[Any, Any]:
        """Actions, and the numbers before `tanh`."""
        raw = self.before.sample(noise)
        return tanh(raw), raw

    def mode(self) -> Any:
        """The action of the mean."""
        return tanh(self.before.mean)


def _softplus(x: Any) -> Any:
    """``log(1 + exp x)``."""
    return maximum(x, 0.0) + log(1.0 + exp(-abs(x)))
