"""Actor and critics from a memory of past steps (TD3: twin delayed deterministic gradients; Fujimoto et al. 2018).

    agent = TD3(Layers((3, 64, 64, 1), relu), Layers((4, 64, 64, 1), relu))
    parameters = state(init=agent.initial(1))
    action = agent.explored(parameters, world.observation, bits)
    ...
    parameters.next, _ = agent.learn(parameters, Steps(...), bits)

Rule: at each instant both critics take some steps along the gradient, over steps that are drawn from the memory, of the
mean square of

    Q(s, a) - (r + gamma min(Q1', Q2')(s', clip(pi'(s') + noise, -1, 1)))        where nothing comes after termination

then the actor takes one along that of the mean of ``Q1(s, pi(s))``, and the parameters with a ' follow the others by a
small share (Polyak averaging). So the actor is changed once for several changes of the critics. An action is a `tanh`:
each of its numbers is in [-1, 1], and the program scales it.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import arange, cast, clip, concat, constant, minimum, tanh, where
from syncml.lang.iterators import fold
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import u64
from syncml.learn.optimisers import Adam, Optimiser, limited
from syncml.learn.rl.distributions import normal
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.replay import Steps, replayed
from syncml.learn.transforms import value_and_grad
from syncml.nodes.random import random_bits, uniform


@dataclass(frozen=True)
class TD3:
    """The algorithm and its numbers.

    Attributes:
        actor: From observations (n) to actions before `tanh`.
        critic: From observations and actions (n + actions) to one value.
        optimiser: How the actor and the critics follow their gradients.
        gamma: The discount.
        capacity: How many instants are remembered.
        batch: How many steps are drawn for a change of the critics.
        changes: How often the critics change at an instant; the actor changes once.
        share: How far the parameters with a ' follow at an instant.
        noise: The deviation of actions while learning.
        smoothing: The deviation of the actions of pi', and how large it may be.
        after: After how many instants learning begins; before, actions are even in [-1, 1].
        limit: The norm of a gradient that is not exceeded, or None.
    """

    actor: Layers
    critic: Layers
    optimiser: Optimiser = field(default=Adam(1e-3))
    gamma: float = 0.99
    capacity: int = 5000
    batch: int = 128
    changes: int = 2
    share: float = 0.01
    noise: float = 0.1
    smoothing: tuple[float, float] = (0.2, 0.5)
    after: int = 100
    limit: float | None = None

    def initial(self, seed: int) -> NDArray[np.float32]:
        """First parameters: of the actor, then of the two critics."""
        return np.concatenate([self.actor.initial(seed), *(self.critic.initial(seed + k) for k in (1, 2))])

    def policy(self, parameters: Any, observation: Any) -> Any:
        """The action for each row, (rows, actions), in [-1, 1]."""
        return tanh(self.actor(parameters, observation))

    def explored(self, parameters: Any, observation: Any, bits: Any) -> Any:
        """The action for each row while learning.

        Args:
            parameters: A vector, a state.
            observation: (rows, n).
            bits: 64 random bits at each instant.
        """
        chosen = self.policy(parameters, observation)
        own = random_bits(bits, 1)
        noise = self.noise * _normal(own, chosen)
        anything = cast(2.0 * uniform(random_bits(own, _places(chosen))) - 1.0, chosen)
        return where(_later(self.after), clip(chosen + noise, -1.0, 1.0), anything)

    def learn(self, parameters: Any, steps: Steps, bits: Any) -> tuple[Any, Any]:
        """The next parameters, and the mean square of the critics' errors over the steps that were drawn.

        Args:
            parameters: A vector, a state whose first value is `initial`.
            steps: At each instant; their actions are those of `explored`.
            bits: 64 random bits at each instant.
        """
        algorithm, cut = self, self.actor.size

        @node
        def critics_loss(critics: Stream[Any], pairs: Stream[Any], target: Stream[Any]) -> Stream[Any]:
            first, second = (found - target for found in algorithm._values(critics, pairs))
            return (first * first + second * second).mean()

        @node
        def actor_loss(actor: Stream[Any], critics: Stream[Any], observation: Stream[Any]) -> Stream[Any]:
            pairs = concat(observation, algorithm.policy(actor, observation), axis=1)
            return -algorithm.critic(critics, pairs)[:, 0].mean()

        drawn = replayed(steps, self.capacity, self.changes * self.batch, random_bits(bits, 2))
        following: Any = state(init=constant(self.initial(0)))
        begun = _later(0)
        followers = where(begun, following, parameters)
        targets = self.targets(followers, drawn, random_bits(bits, 3)).reshape(self.changes, self.batch)
        pairs = concat(drawn.observation, drawn.action, axis=1).reshape(self.changes, -1)

        def change(learnt: Any, some: Any, target: Any) -> Any:
            critics, memory, total = learnt
            rows = some.reshape(self.batch, self.critic.sizes[0])
            loss, slope = value_and_grad(critics_loss, wrt="critics")(critics, rows, target)
            critics, memory = self.optimiser.step(critics, limited(slope, self.limit)[0], memory)
            return critics, memory, total + loss

        actor, critics = parameters[:cut], parameters[cut:]
        actor_memory, critics_memory = (
            tuple(state(init=part) for part in self.optimiser.start(leaf)) for leaf in (actor, critics)
        )
        critics, critics_after, total = fold(change, (critics, critics_memory, 0.0))(pairs, targets)
        slope = value_and_grad(actor_loss, wrt="actor")(actor, critics, drawn.observation[: self.batch])[1]
        actor, actor_after = self.optimiser.step(actor, limited(slope, self.limit)[0], actor_memory)
        ready = _later(self.after)
        for part, value in zip((*actor_memory, *critics_memory), (*actor_after, *critics_after), strict=True):
            part.next = where(ready, value, part)
        learnt = where(ready, concat(actor, critics), parameters)
        following.next = followers + self.share * (learnt - followers)
        return learnt, total / float(self.changes)

    def _values(self, critics: Any, pairs: Any) -> tuple[Any, Any]:
        """What both critics say of observations and actions side by side, (rows,) each."""
        return self.critic(critics, pairs)[:, 0], self.critic(critics, pairs, self.critic.size)[:, 0]

    def targets(self, followers: Any, rows: Steps, bits: Any) -> Any:
        """What the critics are to say of steps, (rows,).

        Args:
            followers: The parameters with a '.
            rows: The steps.
            bits: 64 random bits, of the noise of the actions.
        """
        chosen = self.policy(followers, rows.after)
        deviation, bound = self.smoothing
        noise = clip(deviation * _normal(bits, chosen), -bound, bound)
        pairs = concat(rows.after, clip(chosen + noise, -1.0, 1.0), axis=1)
        return rows.reward + self.gamma * where(
            rows.terminated, 0.0, minimum(*self._values(followers[self.actor.size :], pairs))
        )


def _later(instants: int) -> Any:
    """Whether more than so many instants were before."""
    count: Any = state(init=0)
    count.next = minimum(count + 1, instants + 1)
    return count > instants


def _places(like: Any) -> Any:
    rows, columns = like.shape
    return arange(rows * columns, type=u64).reshape(rows, columns)


def _normal(bits: Any, like: Any) -> Any:
    """Numbers with mean 0 and deviation 1, of the shape and type of ``like``, from 64 random bits."""
    places = _places(like)
    return normal(random_bits(random_bits(bits, 1), places), random_bits(random_bits(bits, 2), places), like)
