"""Classic control against the equations of gymnasium in NumPy, and against gymnasium itself where it is installed."""

from __future__ import annotations

import importlib.util
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import Stream, Vec, f32, f64, i32, node
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.nodes.classic import Transition, cart_pole, pendulum
from syncml.pipeline import check
from syncml.sim.interpreter import interpret
from tests.nodes.running import run
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees

Array = NDArray[Any]
RNG = np.random.default_rng(3)


@node
def carts(action: Stream[Vec[L[3], i32]]) -> Transition:
    return cart_pole(action, 7, 3, 20, f64)


@node
def pendulums(action: Stream[Vec[L[3], f64]]) -> Transition:
    return pendulum(action, 7, 3, 8, f64)


@node
def small(push: Stream[Vec[L[2], i32]], torque: Stream[Vec[L[2]]]) -> tuple[Stream[Vec[L[2]]], Stream[Vec[L[2]]]]:
    return cart_pole(push, 1, 2, 9, f32).total, pendulum(torque, 1, 2, 9, f32).total


def fields(got: dict[str, Array]) -> dict[str, Array]:
    """Outputs by the names of the fields of their record."""
    return {name.rpartition(".")[2]: values for name, values in got.items()}


def cart_step(s: Array, action: int) -> Array:
    """`CartPoleEnv.step`."""
    x, x_dot, theta, theta_dot = s
    temp = ((10.0 if action == 1 else -10.0) + 0.05 * theta_dot**2 * np.sin(theta)) / 1.1
    theta_acc = (9.8 * np.sin(theta) - np.cos(theta) * temp) / (0.5 * (4.0 / 3.0 - 0.1 * np.cos(theta) ** 2 / 1.1))
    x_acc = temp - 0.05 * theta_acc * np.cos(theta) / 1.1
    return np.array([x + 0.02 * x_dot, x_dot + 0.02 * x_acc, theta + 0.02 * theta_dot, theta_dot + 0.02 * theta_acc])


def pendulum_step(seen: Array, u: float) -> tuple[Array, float]:
    """`PendulumEnv.step`, from an observation."""
    theta, theta_dot, u = np.arctan2(seen[1], seen[0]), seen[2], float(np.clip(u, -2, 2))
    cost = theta**2 + 0.1 * theta_dot**2 + 0.001 * u**2
    theta_dot = np.clip(theta_dot + (15.0 * np.sin(theta) + 3.0 * u) * 0.05, -8, 8)
    theta = theta + theta_dot * 0.05
    return np.array([np.cos(theta), np.sin(theta), theta_dot]), -cost


def test_a_cart_pole_steps_as_that_of_gymnasium() -> None:
    ticks = 60
    action = RNG.integers(0, 2, (ticks, 3)).astype(np.int32)
    action[:, 1] = 1
    got = fields(run(carts, action=action))
    seen, after = got["observation"], got["after"]
    for n in range(ticks):
        for i in range(3):
            np.testing.assert_allclose(after[n, i], cart_step(seen[n, i], action[n, i]), rtol=1e-12, atol=1e-15)
    fallen = (np.abs(after[:, :, 0]) > 2.4) | (np.abs(after[:, :, 2]) > 12 * 2 * np.pi / 360)
    np.testing.assert_array_equal(got["terminated"], fallen)
    assert fallen[:, 1].sum() >= 3, "pushed to one side, the pole falls again and again"
    assert_episodes(got, ticks, limit=20)
    starts = seen[np.vstack([np.ones(3, bool), (fallen | got["truncated"])[:-1]])]
    assert np.abs(starts).max() <= 0.05
    assert np.unique(starts).size == starts.size, "every start is another one"


def assert_episodes(got: dict[str, Array], ticks: int, limit: int) -> None:
    """What goes on goes on from where it was; totals and truncations count from the last end."""
    ended = got["terminated"] | got["truncated"]
    for i in range(ended.shape[1]):
        total, age = 0.0, 0
        for n in range(ticks):
            total, age = total + got["reward"][n, i], age + 1
            np.testing.assert_allclose(got["total"][n, i], total, rtol=1e-12)
            assert got["truncated"][n, i] == (age >= limit and not got["terminated"][n, i])
            if ended[n, i]:
                total, age = 0.0, 0
            elif n + 1 < ticks:
                np.testing.assert_array_equal(got["observation"][n + 1, i], got["after"][n, i])


def test_a_pendulum_steps_as_that_of_gymnasium() -> None:
    ticks = 30
    action = RNG.uniform(-3, 3, (ticks, 3))
    got = fields(run(pendulums, action=action))
    for n in range(ticks):
        for i in range(3):
            after, reward = pendulum_step(got["observation"][n, i], action[n, i])
            np.testing.assert_allclose(got["after"][n, i], after, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(got["reward"][n, i], reward, rtol=1e-9)
    assert_episodes(got, ticks, limit=8)
    assert not got["terminated"].any()


@pytest.mark.skipif(importlib.util.find_spec("gymnasium") is None, reason="gymnasium is not installed")
def test_the_equations_are_those_of_the_package() -> None:
    import gymnasium

    for name in ("CartPole-v1", "Pendulum-v1"):
        env: Any = gymnasium.make(name).unwrapped
        for seed in range(20):
            seen, _ = env.reset(seed=seed)
            if name == "CartPole-v1":
                expected = cart_step(np.array(env.state, dtype=np.float64), seed % 2)
                env.step(seed % 2)
                np.testing.assert_allclose(np.array(env.state), expected, rtol=1e-6, atol=1e-9)
            else:
                theta, speed = env.state
                before = np.array([np.cos(theta), np.sin(theta), speed])
                after, reward = pendulum_step(before, 0.3 * seed - 3)
                seen, found, *_ = env.step(np.array([0.3 * seed - 3]))
                np.testing.assert_allclose(seen, after, rtol=1e-5, atol=1e-6)
                assert found == pytest.approx(reward, rel=1e-6)


def test_engines_agree_on_episodes() -> None:
    checked = check(program_of(small))
    values = {
        "push": RNG.integers(0, 2, (24, 2)).astype(np.int32),
        "torque": RNG.uniform(-2, 2, (24, 2)).astype(np.float32),
    }
    expected = interpret(checked.program, values, TICKS)
    assert_numba_agrees(checked, values, expected, Observe.OUTPUTS)
    assert_c_agrees(checked, values, expected)
