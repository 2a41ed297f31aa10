"""Q-learning from a memory of past steps (DQN; Mnih et al. 2015), with double targets (van Hasselt et al. 2016).

    parameters = state(init=first)
    scores = network(parameters, world.observation)
    ...
    parameters.next, _ = DQN(network).learn(parameters, first, Steps(...), bits)

Rule: at each instant the step of each of N environments takes the place of the oldest ones in a ring, and parameters
take one step along the gradient, over steps that are drawn from the ring, of the mean Huber loss of

    Q(s, a) - (r + gamma Q'(s', argmax Q(s', .)))        where nothing comes after a step that terminated

Q' has the parameters of some instants ago, which rest in between. There is no segment: what is remembered is `state`,
changed in place.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import arange, cast, constant, minimum, where
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import i32
from syncml.learn.losses import huber
from syncml.learn.optimisers import Adam, Optimiser, limited
from syncml.learn.rl.distributions import Categorical
from syncml.learn.rl.replay import Steps, replayed
from syncml.learn.transforms import stop_gradient, value_and_grad
from syncml.nodes.random import random_bits, uniform


def greedy(scores: Any, share: Any, bits: Any) -> Any:
    """The action with the greatest score of each row, or with a probability of ``share`` any one, ``i32``.

    Args:
        scores: (rows, actions).
        share: A number.
        bits: 64 random bits for each row.
    """
    actions: int = scores.shape[1]
    any_one = cast(random_bits(bits, 1) % actions, i32)
    return where(cast(uniform(bits), scores) < share, any_one, Categorical(scores).mode())


@dataclass(frozen=True)
class DQN:
    """The algorithm and its numbers.

    Attributes:
        network: The scores of actions, (rows, actions), for parameters and observations (rows, n).
        optimiser: How parameters follow the gradient.
        gamma: The discount.
        capacity: How many instants are remembered.
        batch: How many steps are drawn at an instant.
        rest: For how many instants Q' keeps its parameters.
        after: After how many instants learning begins.
        limit: The norm of the gradient that is not exceeded, or None.
    """

    network: Callable[[Any, Any], Any]
    optimiser: Optimiser = field(default=Adam(1e-3))
    gamma: float = 0.99
    capacity: int = 1000
    batch: int = 64
    rest: int = 100
    after: int = 100
    limit: float | None = 10.0

    def loss(self, parameters: Any, resting: Any, rows: Steps) -> Any:
        """What is minimised, of some steps."""
        now = _at(self.network(parameters, rows.observation), rows.action)
        best = Categorical(self.network(parameters, rows.after)).mode()
        later = _at(self.network(resting, rows.after), best)
        return huber(now, stop_gradient(rows.reward + self.gamma * where(rows.terminated, 0.0, later)))

    def learn(self, parameters: Any, first: NDArray[Any], steps: Steps, bits: Any) -> tuple[Any, Any]:
        """The next parameters, and the loss of the steps that were drawn.

        Args:
            parameters: A vector, a state.
            first: Its first value.
            steps: At each instant.
            bits: 64 random bits at each instant.
        """
        algorithm = self

        @node
        def loss_of_steps(parameters: Stream[Any], resting: Stream[Any], rows: Steps) -> Stream[Any]:
            return algorithm.loss(parameters, resting, rows)

        count: Any = state(init=0)
        count.next = minimum(count + 1, self.after + 1)
        drawn = replayed(steps, self.capacity, self.batch, bits)
        age: Any = state(init=0)
        age.next = where(age >= self.rest - 1, 0, age + 1)
        kept: Any = state(init=constant(np.asarray(first)))
        resting = where(age == 0, parameters, kept)
        kept.next = resting
        loss, slope = value_and_grad(loss_of_steps, wrt="parameters")(parameters, resting, drawn)
        memory = tuple(state(init=part) for part in self.optimiser.start(parameters))
        following, after = self.optimiser.step(parameters, limited(slope, self.limit)[0], memory)
        ready = count > self.after
        for part, value in zip(memory, after, strict=True):
            part.next = where(ready, value, part)
        return where(ready, following, parameters), loss


def _at(scores: Any, action: Any) -> Any:
    """The score of the action of each row."""
    rows, actions = scores.shape
    return where(action.reshape(rows, 1) == arange(actions).reshape(1, actions), scores, 0.0).sum(axis=1)
