"""Learning at every instant by eligibility traces: TD(lambda), and an actor and a critic that are linear in features.

Rule: a trace ``z = gamma lam z + x`` remembers what was active, so that an error of the values reaches the steps before
it without looking ahead (Sutton, Barto 2018, 12.2). Over an episode in which the parameters rest, the sum of ``d z`` is
that of ``A x`` with the advantages of `gae`: the backward view of what those are the forward view of. Nothing is packed
and no segment is needed, so a learner fits into a controller: each tick does the same bounded work.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncml.lang.functions import where, zeros
from syncml.lang.records import Record
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.learn.rl.distributions import Categorical
from syncml.learn.sums import zeros_like


def eligibility(x: Any, fresh: Any, decay: float) -> Any:
    """``z = decay z' + x``, where ``z'`` is the trace of the instant before, 0 at the first step of an episode.

    Args:
        x: An array of any shape.
        fresh: Whether an episode begins.
        decay: Usually ``gamma * lam``.
    """
    trace: Any = state(init=zeros_like(x))
    now = where(fresh, 0.0, decay * trace) + x
    trace.next = now
    return now


class Learnt(Record):
    """What an actor-critic does at an instant.

    Attributes:
        action: The number of the action.
        value: Of the features, by the critic before it learns from this instant.
        error: The temporal difference that it learns from: that of the step before this instant.
    """

    action: Stream[Any]
    value: Stream[Any]
    error: Stream[Any]


@dataclass(frozen=True)
class ActorCritic:
    """One-step actor-critic with eligibility traces (Sutton, Barto 2018, 13.5), both linear in the features.

    At each instant, with the features x of now and x' of the instant before, its action a' and its reward r:

        d = r + gamma v(x) - v(x');   w = w + critic_rate d z_w;   u = u + actor_rate d z_u

    where ``z_w`` is the trace of x', ``z_u`` that of the slope of ``log p(a' | x')``, and v(x) is 0 where the episode
    terminated.

    Attributes:
        actions: How many there are.
        gamma: The discount.
        critic_decay: The lambda of the critic's trace.
        actor_decay: The lambda of the actor's trace.
        critic_rate: The step of the critic.
        actor_rate: The step of the actor.
    """

    actions: int
    gamma: float = 0.99
    critic_decay: float = 0.8
    actor_decay: float = 0.8
    critic_rate: float = 0.02
    actor_rate: float = 0.02

    def __call__(self, features: Any, reward: Any, terminated: Any, fresh: Any, bits: Any) -> Learnt:
        """Learn from the step that led here, and act.

        Args:
            features: (n,), of now.
            reward: Of the step that led here.
            terminated: Whether that step terminated its episode, so that nothing of it comes after.
            fresh: Whether an episode begins now. Where one begins without that the last one terminated, the last step
                is not learnt from.
            bits: 64 random bits, for the action.
        """
        count: int = features.shape[0]
        critic: Any = state(init=zeros_like(features))
        actor: Any = state(init=zeros(self.actions, count), type=features)
        before: Any = state(init=zeros_like(features))
        slope_before: Any = state(init=zeros_like(actor))
        began: Any = state(init=True)
        # The traces are of the step before this instant, and start again where that was the first of an episode.
        value_trace = eligibility(before, began, self.gamma * self.critic_decay)
        action_trace = eligibility(slope_before, began, self.gamma * self.actor_decay)
        after = where(terminated, 0.0, critic @ features)
        error = where(terminated | ~fresh, reward + self.gamma * after - critic @ before, 0.0)
        weights: Any = critic + (self.critic_rate * error) * value_trace
        scores: Any = actor + (self.actor_rate * error) * action_trace
        critic.next, actor.next = weights, scores
        policy = Categorical((scores @ features).reshape(1, self.actions))
        action = policy.sample(bits.reshape(1))
        # The slope of log p(a) by the scores is 1 at the action, less the probabilities.
        from_scores = policy.slope(action).reshape(self.actions, 1)
        slope_before.next = from_scores * features.reshape(1, count)
        before.next, began.next = features, fresh
        return Learnt(action[0], weights @ features, error)
