"""REINFORCE and A2C: the step that a rollout leads to against the formula, and a policy that is learnt."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, arange, f32, f64, i32, node, segment, state, u64, vec, where, zeros
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.optimisers import SGD, Adam
from syncml.learn.rl.distributions import Categorical
from syncml.learn.rl.experience import Experience
from syncml.learn.rl.policy_gradient import PolicyGradient
from syncml.learn.rl.returns import discounted
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.nodes.running import run
from tests.support.engines import assert_c_agrees, assert_same_state, outputs_of

START = np.array([0.3, -0.2, 0.1, 0.4, 0.5, -0.5])


def model(parameters: Any, seen: Any) -> Any:
    """Two observations, two scores and a value that are linear in them."""
    return Categorical(seen @ parameters[:4].reshape(2, 2)), (seen @ parameters[4:].reshape(2, 1))[:, 0]


@node
def stepped(
    seen: Stream[Mat[L[3], L[2], f64]],
    action: Stream[Vec[L[3], i32]],
    old: Stream[Vec[L[3], f64]],
    advantage: Stream[Vec[L[3], f64]],
) -> Stream[Vec[L[6], f64]]:
    with segment(every=2) as rollout:
        parameters = rollout.carry(init=START, type=f64)
        algorithm = PolicyGradient(SGD(0.1), 0.5, 0.2, limit=None, normalise=False)
        algorithm.learn(rollout, parameters, model, Experience(seen, action, old, old, advantage))
    return parameters


def loss(p: Any, seen: Any, action: Any, old: Any, advantage: Any) -> float:
    scores = seen @ p[:4].reshape(2, 2)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    error = seen @ p[4:] - (advantage + old)
    chosen = logs[np.arange(len(action)), action]
    entropy = -(np.exp(logs) * logs).sum(axis=1).mean()
    return float(-(chosen * advantage).mean() + 0.25 * (error**2).mean() - 0.2 * entropy)


def test_a_rollout_is_one_step_along_the_gradient() -> None:
    random = np.random.default_rng(3)
    seen, old, advantage = random.normal(size=(4, 3, 2)), random.normal(size=(4, 3)), random.normal(size=(4, 3))
    action = random.integers(0, 2, (4, 3)).astype(np.int32)
    (got,) = run(stepped, seen=seen, action=action, old=old, advantage=advantage).values()
    rows = (seen[:2].reshape(6, 2), action[:2].reshape(6), old[:2].reshape(6), advantage[:2].reshape(6))
    slopes = [(loss(START + e, *rows) - loss(START - e, *rows)) / 2e-6 for e in 1e-6 * np.eye(6)]
    np.testing.assert_array_equal(got[1], START)
    np.testing.assert_allclose(got[2], START - 0.1 * np.array(slopes), rtol=1e-7)


@node
def bandit(algorithm: PolicyGradient) -> Stream[f32]:
    """The action with the number of the observation is worth 1."""
    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    lanes = arange(4, type=u64)
    right = (random_bits(tick, lanes + 100) >> 63) == 1
    seen: Any = vec(where(right, 1.0, 0.0), where(right, 0.0, 1.0)).reshape(2, 4).T
    with segment(every=8) as rollout:
        parameters = rollout.carry(init=np.zeros(6))
        actions, value = model(parameters, seen)
        action = actions.sample(random_bits(tick, lanes))
        reward: Any = where(right == (action == 1), 1.0, 0.0)
        gain = discounted(reward, reward >= 0.0, 0.9)
        baseline = value if algorithm.value_weight else 0.0 * value
        experience = Experience(seen, action, actions.log_probability(action), value, gain - baseline)
        algorithm.learn(rollout, parameters, model, experience)
    return reward.mean()


@pytest.mark.parametrize("value_weight", [0.0, 0.5], ids=["reinforce", "a2c"])
def test_a_policy_is_learnt(value_weight: float) -> None:
    algorithm = PolicyGradient(Adam(0.1), value_weight=value_weight, entropy_weight=0.001)
    checked = check(program_of(bandit, algorithm=algorithm))
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    found = simulation.run({}, 60 * 8)
    rewards = np.asarray(found.columns[-1].values)
    assert rewards[:16].mean() < 0.7
    assert rewards[-80:].mean() > 0.95
    # Two updates, and the same bits everywhere, those of the memory too.
    expected = interpret(checked.program, {}, 20)
    assert_c_agrees(checked, {}, expected)
    simulation.reset()
    again = simulation.run({}, 20).only(outputs_of(expected, checked).names())
    assert first_difference(outputs_of(expected, checked), again) is None
    assert_same_state(expected, simulation.state(), checked)


@node
def idle() -> Stream[f32]:
    """The model forgets its parameters."""
    with segment(every=2) as rollout:
        parameters = rollout.carry(init=np.zeros(6))
        seen: Any = zeros(4, 2)

        def forgetful(_parameters: Any, seen: Any) -> Any:
            return Categorical(seen), seen[:, 0]

        actions, value = forgetful(parameters, seen)
        experience = Experience(seen, actions.mode(), value, value, value)
        PolicyGradient().learn(rollout, parameters, forgetful, experience)
    return value.sum()


def test_a_loss_that_does_not_depend_on_the_policy_is_refused() -> None:
    with pytest.raises(DiagnosticError) as refused:
        program_of(idle)
    assert [found.code for found in refused.value.diagnostics] == ["G004"]
