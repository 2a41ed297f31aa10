"""Policy gradients, one step for each rollout: REINFORCE (Williams 1992) and A2C (Mnih et al. 2016).

Rule: at the end of a rollout parameters take one step along the gradient of

    loss = - mean A log p(action) + v mean (V - R)^2 / 2 - e mean entropy

over all rows. With the return less a baseline for A and ``v = 0`` that is REINFORCE, with advantages of `gae` and their
values A2C; ``R = A + V_old``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from syncml.lang.kernel import when
from syncml.lang.node import node
from syncml.lang.registers import State
from syncml.lang.segments import Segments
from syncml.lang.stream import Stream
from syncml.learn.memories import Remembered, remember
from syncml.learn.optimisers import Adam, Optimiser, limited
from syncml.learn.rl.experience import Experience, Model, normalised, packed_rows
from syncml.learn.transforms import value_and_grad


@dataclass(frozen=True)
class PolicyGradient:
    """The algorithm and its numbers.

    Attributes:
        optimiser: How parameters follow the gradient.
        value_weight: Of the error of the values; 0 where nothing is learnt of them (REINFORCE).
        entropy_weight: Of the entropy.
        limit: The norm of the gradient that is not exceeded, or None.
        normalise: Whether advantages get mean 0 and deviation 1 in each rollout: for REINFORCE, the baseline.
    """

    optimiser: Optimiser = field(default=Adam(7e-4, epsilon=1e-5))
    value_weight: float = 0.5
    entropy_weight: float = 0.0
    limit: float | None = 0.5
    normalise: bool = True

    def loss(self, model: Model, parameters: Any, rows: Experience) -> Any:
        """What is minimised, of some rows."""
        actions, value = model(parameters, rows.observation)
        advantage = normalised(rows.advantage) if self.normalise else rows.advantage
        loss: Any = -(actions.log_probability(rows.action) * advantage).mean()
        if self.value_weight:
            error = value - (rows.advantage + rows.value)
            loss = loss + (0.5 * self.value_weight) * (error * error).mean()
        return loss - self.entropy_weight * actions.entropy().mean() if self.entropy_weight else loss

    def learn(self, rollout: Segments, parameters: State[Any], model: Model, experience: Experience) -> Any:
        """Give parameters their next value, from the experience of the rollout; used inside of ``with rollout``.

        Args:
            rollout: The segments at whose ends parameters change.
            parameters: A vector, a state of the segments.
            model: The policy and the values.
            experience: At each instant.

        Returns:
            The loss, at the end of each rollout.
        """
        algorithm = self

        @node
        def loss_of_rows(parameters: Stream[Any], rows: Experience) -> Stream[Any]:
            return algorithm.loss(model, parameters, rows)

        now = when(parameters, rollout.last)
        loss, slope = value_and_grad(loss_of_rows, wrt="parameters")(now, packed_rows(experience))
        memory: Remembered[Any] = remember(rollout, self.optimiser.start(parameters))
        parameters.next, memory.next = self.optimiser.step(now, limited(slope, self.limit)[0], memory.now)
        return loss
