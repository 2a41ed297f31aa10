"""Classic control problems as environments, many at once: the cart-pole and the pendulum.

Rule: element ``i`` of every array is environment ``i``. A tick is a step: the environment shows its ``observation``,
takes the action of that tick, and says where it led (``after``), what that was worth, and whether the episode ended.
At the tick after an end the observation is the start of the next episode. The equations are those of gymnasium
(CartPole-v1 and Pendulum-v1; Barto, Sutton, Anderson 1983); starts are drawn from a seed by `random_bits`, so the same
in every engine. The observation does not depend on the action, so that a policy closes the loop through a `wire`:

    action = wire(Vec[L[16], i32])
    world = cart_pole(action, 1, 16)
    action.define(policy(world.observation))
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from typing import Any

import numpy as np

from syncml.lang.functions import arange, cast, clip, constant, cos, sin, stack, where
from syncml.lang.node import node
from syncml.lang.records import Record
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, f32, u64
from syncml.nodes.angles import wrapped
from syncml.nodes.random import random_bits, uniform

GRAVITY, POLE, CART_POLE, HALF, FORCE, TAU = 9.8, 0.1, 1.1, 0.5, 10.0, 0.02
"""Of the cart-pole: m/s², the mass of the pole and of both, kg, half the length of the pole, m, N, and s."""
FAR, FALLEN = 2.4, 12.0 * 2.0 * math.pi / 360.0
"""Where an episode of the cart-pole ends: m and rad."""
TOP, TORQUE, STEP = 8.0, 2.0, 0.05
"""Of the pendulum: the greatest speed, rad/s, the greatest torque, N m, and s."""


class Transition(Record):
    """A step of N environments.

    Attributes:
        observation: (N, n), what the action is chosen from.
        after: (N, n), what the action led to, before the next episode begins.
        reward: (N,).
        terminated: (N,), whether the episode ends because of what happened: nothing comes after it.
        truncated: (N,), whether it ends only because of its length.
        total: (N,), the sum of the rewards of the episode so far.
    """

    observation: Stream[Any]
    after: Stream[Any]
    reward: Stream[Any]
    terminated: Stream[Vec[Any, bool]]
    truncated: Stream[Vec[Any, bool]]
    total: Stream[Any]

    @property
    def ended(self) -> Any:
        """Whether this step is the last one of its episode."""
        return self.terminated | self.truncated


class _Episodes:
    """What each of N environments remembers of its episode, beside its state."""

    def __init__(self, count: int, kind: Any) -> None:
        self.fresh: Any = state(init=constant(np.ones(count, np.bool_)))
        self._age: Any = state(init=constant(np.zeros(count, np.int32)))
        self._sum: Any = state(init=constant(np.zeros(count), kind))

    def go_on(self, terminated: Any, reward: Any, limit: int) -> tuple[Any, Any]:
        """Whether the episode is truncated, and the sum of its rewards."""
        age = where(self.fresh, 0, self._age) + 1
        total = where(self.fresh, 0.0, self._sum) + reward
        truncated = (age >= limit) & ~terminated
        self._age.next, self._sum.next, self.fresh.next = age, total, terminated | truncated
        return truncated, total


def _drawn(seed: Any, count: int, width: int, kind: Any) -> Any:
    """Numbers from [0, 1), (count, width), new at each tick."""
    tick = state(init=0, type=u64)
    tick.next = tick + 1
    places = arange(count * width, type=u64).reshape(count, width)
    return cast(uniform(random_bits(random_bits(seed, tick), places)), kind)


@node
def cart_pole(
    action: Stream[Vec[Any, Any]], seed: Stream[u64] | int, count: int, limit: int = 500, kind: Any = f32
) -> Transition:
    """CartPole-v1: keep a pole upright on a cart; a reward of 1 for each step.

    Args:
        action: (count,), whole numbers: 1 pushes to the right, every other one to the left.
        seed: Of the starts, which are even in [-0.05, 0.05).
        count: How many environments.
        limit: The most steps of an episode.
        kind: The type of the numbers, f32 or f64.

    Returns:
        Observations are position (m), speed (m/s), angle (rad) and angular speed (rad/s).
    """
    episodes = _Episodes(count, kind)
    kept: Any = state(init=constant(np.zeros((count, 4)), kind))
    start = _drawn(seed, count, 4, kind) * 0.1 - 0.05
    seen = where(episodes.fresh.reshape(count, 1), start, kept)
    x, speed, angle, turn = (seen[:, i] for i in range(4))
    force = where(action == 1, constant(FORCE, kind), -FORCE)
    pushed = (force + POLE * HALF * (turn * turn) * sin(angle)) / CART_POLE
    cosine = cos(angle)
    turned = (GRAVITY * sin(angle) - cosine * pushed) / (HALF * (4.0 / 3.0 - POLE * (cosine * cosine) / CART_POLE))
    moved = pushed - POLE * HALF * turned * cosine / CART_POLE
    after = stack(x + TAU * speed, speed + TAU * moved, angle + TAU * turn, turn + TAU * turned).T
    kept.next = after
    terminated = (abs(after[:, 0]) > FAR) | (abs(after[:, 2]) > FALLEN)
    reward = constant(np.ones(count), kind)
    truncated, total = episodes.go_on(terminated, reward, limit)
    return Transition(seen, after, reward, terminated, truncated, total)


def swung(angle: Any, turn: Any, torque: Any) -> tuple[Any, Any, Any]:
    """A step of Pendulum-v1: angle and angular speed after it, and its cost. Differentiable.

    Args:
        angle: From upright, rad.
        turn: Angular speed, rad/s.
        torque: In N m; limited here.
    """
    torque = clip(torque, -TORQUE, TORQUE)
    away = wrapped(angle)
    cost = away * away + 0.1 * (turn * turn) + 0.001 * (torque * torque)
    faster = clip(turn + (15.0 * sin(angle) + 3.0 * torque) * STEP, -TOP, TOP)
    return angle + faster * STEP, faster, cost


@node
def pendulum(
    action: Stream[Vec[Any, Any]], seed: Stream[u64] | int, count: int, limit: int = 200, kind: Any = f32
) -> Transition:
    """Pendulum-v1: swing a pendulum up and hold it there; a reward is minus the cost of `swung`.

    Args:
        action: (count,), torques in N m, limited to 2.
        seed: Of the starts: any angle, and an angular speed from -1 to 1.
        count: How many environments.
        limit: The steps of an episode.
        kind: The type of the numbers, f32 or f64.

    Returns:
        Observations are cosine and sine of the angle, and the angular speed (rad/s). Nothing terminates.
    """
    episodes = _Episodes(count, kind)
    kept: Any = state(init=constant(np.zeros((count, 2)), kind))
    start = (_drawn(seed, count, 2, kind) * 2.0 - 1.0) * constant([math.pi, 1.0], kind)
    now = where(episodes.fresh.reshape(count, 1), start, kept)
    angle, turn, cost = swung(now[:, 0], now[:, 1], action)
    kept.next = stack(angle, turn).T
    never = constant(np.zeros(count, np.bool_))
    truncated, total = episodes.go_on(never, -cost, limit)
    return Transition(_seen(now[:, 0], now[:, 1]), _seen(angle, turn), -cost, never, truncated, total)


def _seen(angle: Any, turn: Any) -> Any:
    return stack(cos(angle), sin(angle), turn).T
