"""Proximal policy optimisation: several epochs of mini-batches over each rollout (Schulman et al. 2017).

    with segment(every=128) as rollout:
        parameters = parameter(rollout, init=first)
        actions, value = model(parameters, world.observation)
        ...
        PPO(Adam(3e-4)).learn(rollout, parameters, model, experience, bits)

Rule: at the last instant of a rollout its experience is one array of rows, instant after instant. For each epoch the
rows are put in a new order and cut into mini-batches, and for each mini-batch the parameters take a step of Adam along
the gradient of

    loss = - mean min(q A, clip(q, 1 - c, 1 + c) A) + v mean (V - R)^2 / 2 - e mean entropy

where ``q = p(action) / p_old(action)``, A, the advantage, has mean 0 and deviation 1 in the mini-batch, and
``R = A + V_old``. The two loops are `fold`, so the code does not grow with their lengths, and the gradient is one of a
node without memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from syncml.lang.functions import arange, clip, exp, maximum, minimum
from syncml.lang.iterators import fold
from syncml.lang.kernel import when
from syncml.lang.node import node
from syncml.lang.registers import State
from syncml.lang.segments import Segments
from syncml.lang.stream import Stream
from syncml.lang.types import u64
from syncml.learn.memories import Remembered, remember
from syncml.learn.optimisers import Adam, Optimiser, limited
from syncml.learn.rl.batches import shuffled, taken
from syncml.learn.rl.experience import FIELDS, Experience, Model, normalised, packed_rows
from syncml.learn.transforms import value_and_grad
from syncml.nodes.random import random_bits


@dataclass(frozen=True)
class PPO:
    """The algorithm and its numbers; the defaults are those of the paper for continuous control.

    Attributes:
        optimiser: Usually Adam.
        epochs: How often a rollout is gone through.
        batches: The mini-batches of an epoch; they are of one size.
        clip: How far the probability of an action may change in a rollout, as a ratio from 1.
        value_clip: How far values may change, or None: then they are free.
        value_weight: Of the error of the values.
        entropy_weight: Of the entropy.
        limit: The norm of the gradient that is not exceeded.
        normalise: Whether advantages get mean 0 and deviation 1 in each mini-batch.
    """

    optimiser: Optimiser = field(default=Adam(3e-4, epsilon=1e-5))
    epochs: int = 10
    batches: int = 32
    clip: float = 0.2
    value_clip: float | None = None
    value_weight: float = 0.5
    entropy_weight: float = 0.0
    limit: float | None = 0.5
    normalise: bool = True

    def loss(self, model: Model, parameters: Any, rows: Experience) -> Any:
        """What is minimised, of some rows."""
        actions, value = model(parameters, rows.observation)
        advantage = rows.advantage
        target = advantage + rows.value
        if self.normalise:
            advantage = normalised(advantage)
        ratio = exp(actions.log_probability(rows.action) - rows.log_probability)
        kept = clip(ratio, 1.0 - self.clip, 1.0 + self.clip)
        gain = minimum(ratio * advantage, kept * advantage).mean()
        loss = self.value_weight * self._value_loss(value, rows.value, target) - gain
        return loss - self.entropy_weight * actions.entropy().mean() if self.entropy_weight else loss

    def _value_loss(self, value: Any, old: Any, target: Any) -> Any:
        """Half the mean square, of the worse of the value and the one that is clipped to near the old one."""
        error = value - target
        square = error * error
        if self.value_clip is not None:
            near = old + clip(value - old, -self.value_clip, self.value_clip) - target
            square = maximum(square, near * near)
        return 0.5 * square.mean()

    def learn(self, rollout: Segments, parameters: State[Any], model: Model, experience: Experience, bits: Any) -> Any:
        """Give parameters their next value, from the experience of the rollout; used inside of ``with rollout``.

        Args:
            rollout: The segments at whose ends parameters change.
            parameters: A vector, a state of the segments.
            model: The policy and the values.
            experience: At each instant; instants times N is a power of two.
            bits: 64 random bits at each instant; those of the last one choose the order of the rows.

        Returns:
            The mean loss of the last epoch, at the end of each rollout.
        """
        algorithm = self
        last = rollout.last
        rows = packed_rows(experience)
        count: int = rows.advantage.shape[0]
        size = count // self.batches
        chosen = when(bits, last)

        @node
        def loss_of_rows(parameters: Stream[Any], rows: Experience) -> Stream[Any]:
            return algorithm.loss(model, parameters, rows)

        def batch(learnt: Any, places: Any) -> Any:
            parameters, memory, total = learnt
            some = Experience(*taken(places, *(getattr(rows, name) for name in FIELDS)))
            loss, slope = value_and_grad(loss_of_rows, wrt="parameters")(parameters, some)
            parameters, memory = algorithm.optimiser.step(parameters, limited(slope, algorithm.limit)[0], memory)
            return parameters, memory, total + loss

        def epoch(learnt: Any, number: Any) -> Any:
            parameters, memory, _ = learnt
            order = shuffled(count, random_bits(chosen, number)).reshape(algorithm.batches, size)
            return fold(batch, (parameters, memory, 0.0))(order)

        memory: Remembered[Any] = remember(rollout, self.optimiser.start(parameters))
        before = (when(parameters, last), memory.now, 0.0)
        parameters.next, memory.next, total = fold(epoch, before)(arange(self.epochs, type=u64))
        return total / float(self.batches)
