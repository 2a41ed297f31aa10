"""Observations with mean 0 and variance 1, by statistics of all that was seen, as a policy is trained and deployed.

    scale = ObservationScale(rollout, 4)
    seen = scale(world.observation)                 what the policy gets
    scale.learn(world.observation)                  once, inside of ``with rollout``

Rule: mean, variance and count are parameters, constant in a rollout, so a policy is the same at all of its instants,
and a checkpoint has what the deployed policy needs. Each instant adds its N rows, of mean ``m`` and sum ``s`` of
squared distances from it, to the sums so far (Chan, Golub, LeVeque 1979), with ``d = m - mean``:

    mean' = mean + d N / (count + N)
    squares' = squares + s + d^2 count N / (count + N)
    count' = count + N

and the last instant of a rollout gives the parameters of the next one. In the first rollout nothing is known, and
observations are as they are: mean 0, variance 1, count 0.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syncml.lang.functions import clip, sqrt, where
from syncml.lang.kernel import when
from syncml.lang.registers import state
from syncml.lang.segments import Segments
from syncml.learn.parameters import parameter
from syncml.learn.sums import zeros_like


class Sums(NamedTuple):
    """What is known of the observations so far."""

    mean: Any
    squares: Any
    count: Any


class ObservationScale:
    """Running statistics of observations.

    Attributes:
        mean: (n,), a parameter.
        variance: (n,), a parameter.
        count: How many observations they are of, a parameter.
    """

    def __init__(self, rollout: Segments, size: int, name: str = "observation", limit: float = 10.0) -> None:
        """Declare the parameters.

        Args:
            rollout: The segments at whose ends they change.
            size: The elements of an observation, n.
            name: What their names begin with: ``observation_mean``, ``observation_variance``, ``observation_count``.
            limit: What scaled observations do not exceed, in deviations.
        """
        self._rollout = rollout
        self._limit = limit
        self.mean: Any = parameter(rollout, init=np.zeros(size, np.float32), name=f"{name}_mean")
        self.variance: Any = parameter(rollout, init=np.ones(size, np.float32), name=f"{name}_variance")
        self.count: Any = parameter(rollout, init=0.0, name=f"{name}_count")

    def __call__(self, observation: Any) -> Any:
        """Scaled observations.

        Args:
            observation: (N, n), or (n,).
        """
        scaled = (observation - self.mean) / sqrt(self.variance + 1e-8)
        return clip(scaled, -self._limit, self._limit)

    def learn(self, observation: Any) -> None:
        """Take in the observations of each rollout at its end; used inside of ``with rollout``.

        Args:
            observation: (N, n), N environments at once; each row counts.
        """
        first, last = self._rollout.first, self._rollout.last
        rows = float(observation.shape[0])
        memory: Any = Sums(state(init=zeros_like(self.mean)), state(init=zeros_like(self.mean)), state(init=0.0))
        middle = where(first, self.mean, memory.mean)
        squares = where(first, self.variance * self.count, memory.squares)
        count = where(first, self.count, memory.count)
        mean = observation.sum(axis=0) / rows
        distance = observation - mean
        moved, together = mean - middle, count + rows
        memory.mean.next = middle + moved * (rows / together)
        memory.squares.next = squares + (distance * distance).sum(axis=0) + moved * moved * (count * rows / together)
        memory.count.next = together
        self.mean.next = when(memory.mean.next, last)
        self.variance.next = when(memory.squares.next / together, last)
        self.count.next = when(together, last)
