"""Returns and advantages: recurrences from the end of an episode to its start, inside of a segment.

    with segment(every=128) as rollout:
        advantage = gae(reward, value, following, ended, gamma=0.99, lam=0.95)

Rule: all are backward recurrences (`post`). ``ended`` is true at the last step of an episode, where they start again;
``following`` is the value of what comes after a step: 0 where the episode terminated, the value of the state that it
led to where it was truncated or the segment ends, and else the value at the next instant (`following_value`). All
streams are numbers, or arrays with an element for each of many environments.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from syncml.lang.functions import where
from syncml.lang.registers import wire
from syncml.lang.segments import post
from syncml.lang.source import here
from syncml.lang.trace import trace_at
from syncml.learn.sums import zeros_like

Values: TypeAlias = Any
"""A stream of numbers, or of arrays of them."""


def following_value(value: Values, after: Values, terminated: Values, truncated: Values) -> Values:
    """The value of what comes after each step.

    Args:
        value: Of the observation at each instant.
        after: Of the observation that each step led to; it counts where an episode is truncated and where the segment
            ends, since there the next instant of the segment shows another state, or none.
        terminated: Where nothing comes after: 0.
        truncated: Where the episode ends only because of its length.
    """
    with _parts():
        otherwise = where(truncated, after, post(value, init=after))
    return where(terminated, 0.0, otherwise)


def discounted(reward: Values, ended: Values, gamma: float, following: Values = 0.0) -> Values:
    """``G = r + gamma G'`` until the episode ends (Sutton, Barto 2018, 3.3).

    Args:
        reward: Of each step.
        ended: Whether a step is the last one of its episode.
        gamma: The discount.
        following: The value of what comes after the last step of the segment, and of an episode; 0 without it.
    """
    g = wire(reward)
    with _parts():
        start = _like(reward, following)
        g.define(reward + gamma * where(ended, start, post(g, init=start)))
    return g


def gae(reward: Values, value: Values, following: Values, ended: Values, gamma: float, lam: float) -> Values:
    """Generalised advantages: ``A = d + gamma lam A'``, ``d = r + gamma v' - v`` (Schulman et al. 2016).

    Args:
        reward: Of each step.
        value: Of each observation.
        following: Of what comes after each step, by `following_value`.
        ended: Whether a step is the last one of its episode.
        gamma: The discount.
        lam: 0 is the error of one step, 1 the return minus the value.
    """
    advantage = wire(reward)
    with _parts():
        error = reward + gamma * following - value
        later = post(advantage, init=zeros_like(reward))
        advantage.define(error + where(ended, 0.0, (gamma * lam) * later))
    return advantage


def lambda_return(reward: Values, following: Values, ended: Values, gamma: float, lam: float) -> Values:
    """``G = r + gamma ((1 - lam) v' + lam G')``, the mixture of all n-step returns (Sutton, Barto 2018, 12.1).

    At the end of an episode or of the segment it is ``r + gamma v'``.
    """
    g = wire(reward)
    with _parts():
        rest = post(g, init=_like(reward, following))
        g.define(reward + gamma * where(ended, following, (1.0 - lam) * following + lam * rest))
    return g


def n_step(reward: Values, following: Values, ended: Values, gamma: float, steps: int) -> Values:
    """The rewards of ``steps`` steps and the value after them, less where the episode or the segment ends before.

    Raises:
        ValueError: ``steps`` is less than 1.
    """
    if steps < 1:
        raise ValueError(f"n_step(steps={steps}): at least one step")
    with _parts():
        rest = gamma * following
        for _ in range(steps - 1):
            g = reward + rest
            rest = gamma * where(ended, following, post(g, init=_like(reward, following)))
    return reward + rest


def _parts() -> AbstractContextManager[None]:
    """What is made meanwhile does not take the name of the result."""
    return trace_at(here(), "a return").parts()


def _like(reward: Values, value: Values) -> Values:
    """A value in the shape of the rewards."""
    return zeros_like(reward) + value if isinstance(value, int | float) else value
