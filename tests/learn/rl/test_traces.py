"""Eligibility traces: the backward view is the forward view, and a learner is the formula and the same in C."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, f64, fby, first, i32, node, pack, segment, u64
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.rl.returns import following_value, gae
from syncml.learn.rl.traces import ActorCritic, eligibility
from syncml.pipeline import check
from syncml.sim.interpreter import interpret
from tests.nodes.running import run
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees

Array = NDArray[Any]
RNG = np.random.default_rng(6)
GAMMA, LAM = 0.9, 0.7
Number = Stream[f64]


@node
def views(
    x: Stream[Vec[L[2], f64]], reward: Number, value: Number, after: Number, terminated: Stream[bool]
) -> tuple[Stream[Mat[L[10], L[2], f64]], Stream[Mat[L[10], L[2], f64]]]:
    with segment(every=10):
        following = following_value(value, after, terminated, terminated)
        advantage = gae(reward, value, following, terminated, GAMMA, LAM)
        error = reward + GAMMA * following - value
        fresh = first() | fby(False, terminated)
        ahead, back = pack(advantage * x), pack(error * eligibility(x, fresh, GAMMA * LAM))
    return ahead, back


def test_the_backward_view_is_the_forward_view() -> None:
    """sum A x = sum d z over whole episodes, of which there are several in a segment."""
    ended = np.zeros(10, np.bool_)
    ended[[3, 6]] = True
    got = run(views, x=RNG.normal(size=(10, 2)), reward=RNG.normal(size=10), value=RNG.normal(size=10),
              after=RNG.normal(size=10), terminated=ended)  # fmt: skip
    ahead, back = (np.asarray(v)[-1] for v in got.values())
    assert abs(ahead - back).max() > 0.1, "step by step they differ"
    for part in (slice(0, 4), slice(4, 7), slice(7, 10)):
        np.testing.assert_allclose(ahead[part].sum(axis=0), back[part].sum(axis=0), rtol=1e-12)


LEARNER = ActorCritic(3, gamma=0.9, critic_decay=0.8, actor_decay=0.6, critic_rate=0.05, actor_rate=0.1)


@node
def learner(
    x: Stream[Vec[L[4], f64]], reward: Number, terminated: Stream[bool], fresh: Stream[bool], bits: Stream[u64]
) -> tuple[Stream[i32], Number, Number]:
    found: Any = LEARNER(x, reward, terminated, fresh, bits)
    return found.action, found.value, found.error


def by_hand(x: Array, reward: Array, terminated: Array, fresh: Array, bits: Array) -> list[tuple[int, float, float]]:
    """Sutton and Barto's one-step actor-critic with eligibility traces, episodic."""
    w, u = np.zeros(4), np.zeros((3, 4))
    z_w, z_u = np.zeros(4), np.zeros((3, 4))
    found: list[tuple[int, float, float]] = []
    action = 0
    for n in range(len(x)):
        error = 0.0
        if n and (terminated[n] or not fresh[n]):
            last = x[n - 1]
            error = reward[n] + (0.0 if terminated[n] else 0.9 * float(w @ x[n])) - float(w @ last)
        if n:
            shares = np.exp(u @ x[n - 1]) / np.exp(u @ x[n - 1]).sum()
            slope = (np.eye(3)[action] - shares)[:, None] * x[n - 1]
            z_w = (0.0 if fresh[n - 1] else 0.72) * z_w + x[n - 1]
            z_u = (0.0 if fresh[n - 1] else 0.54) * z_u + slope
            w, u = w + 0.05 * error * z_w, u + 0.1 * error * z_u
        weights = np.exp(u @ x[n] - (u @ x[n]).max())
        level = (int(bits[n]) >> 11) * 2.0**-53 * weights.sum()
        action = int((level >= np.cumsum(weights)[:2]).sum())
        found.append((action, float(w @ x[n]), error))
    return found


def test_a_learner_is_its_formula_and_the_same_in_every_engine() -> None:
    ticks = 120
    terminated = RNG.random(ticks) < 0.1
    truncated = RNG.random(ticks) < 0.05
    given = {
        "x": RNG.normal(size=(ticks, 4)),
        "reward": RNG.normal(size=ticks),
        "terminated": terminated,
        "fresh": terminated | truncated | (np.arange(ticks) == 0),
        "bits": RNG.integers(0, 2**64, ticks, dtype=np.uint64),
    }
    got = run(learner, **given)
    for name, wanted in zip(got, zip(*by_hand(**given), strict=True), strict=True):
        np.testing.assert_allclose(got[name], wanted, rtol=1e-9, atol=1e-9)
    checked = check(program_of(learner))
    few = {name: values[:TICKS] for name, values in given.items()}
    expected = interpret(checked.program, few, TICKS)
    assert_numba_agrees(checked, few, expected, Observe.OUTPUTS)
    assert_c_agrees(checked, few, expected)
