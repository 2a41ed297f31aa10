"""PPO: its loss against the formula, an update in every engine, and a policy that is learnt."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, arange, f32, f64, i32, node, segment, state, u64, vec, where
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.optimisers import Adam
from syncml.learn.rl.distributions import Categorical
from syncml.learn.rl.experience import Experience
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.ppo import PPO
from syncml.learn.rl.returns import gae
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.nodes.running import run
from tests.support.engines import assert_c_agrees, assert_same_state, outputs_of

Array = NDArray[Any]
RNG = np.random.default_rng(4)
LANES, STEPS = 4, 8
ACTOR, CRITIC = Layers((2, 3, 2), last_gain=0.01), Layers((2, 1))
FIRST = np.concatenate([ACTOR.initial(1), CRITIC.initial(2)])


def model(parameters: Any, seen: Any) -> Any:
    return Categorical(ACTOR(parameters, seen)), CRITIC(parameters, seen, ACTOR.size)[:, 0]


@node
def bandit(seed: Stream[u64]) -> Stream[f32]:
    """Two observations, two actions: the one with the number of the observation is worth 1."""
    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    bits = random_bits(seed, tick)
    lanes = arange(LANES, type=u64)
    right = (random_bits(bits, lanes + 100) >> 63) == 1
    seen = vec(where(right, 1.0, 0.0), where(right, 0.0, 1.0)).reshape(2, LANES).T
    with segment(every=STEPS) as rollout:
        parameters = rollout.carry(init=FIRST)
        actions, value = model(parameters, seen)
        action = actions.sample(random_bits(bits, lanes))
        reward = where(right == (action == 1), 1.0, 0.0)
        done = reward >= 0.0
        advantage = gae(reward, value, value, done, 0.0, 0.0)
        experience = Experience(seen, action, actions.log_probability(action), value, advantage)
        algorithm = PPO(Adam(0.02), epochs=3, batches=2, value_clip=0.2, entropy_weight=0.01)
        algorithm.learn(rollout, parameters, model, experience, bits)
    return reward.mean()


def test_a_policy_is_learnt_with_the_same_bits_in_every_engine() -> None:
    checked = check(program_of(bandit))
    seed = np.full(60 * STEPS, 5, np.uint64)
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    rewards = np.asarray(simulation.run({"seed": seed}, 60 * STEPS).columns[-1].values)
    assert rewards[: 4 * STEPS].mean() < 0.65
    assert rewards[-10 * STEPS :].mean() > 0.95
    few = 3 * STEPS
    simulation.reset()
    found = simulation.run({"seed": seed[:few]}, few)
    expected = interpret(checked.program, {"seed": seed[:few]}, few)
    names = outputs_of(expected, checked).names()
    assert first_difference(outputs_of(expected, checked), found.only(names)) is None
    assert_same_state(expected, simulation.state(), checked)
    assert_c_agrees(checked, {"seed": seed[:few]}, expected)


Row = Stream[Vec[L[6], f64]]


@node
def loss_of(
    scores: Stream[Mat[L[6], L[3], f64]], value: Row, action: Stream[Vec[L[6], i32]], log: Row, old: Row, advantage: Row
) -> tuple[Stream[f64], Stream[f64]]:
    def given(_parameters: Any, _seen: Any) -> Any:
        return Categorical(scores), value

    rows = Experience(scores, action, log, old, advantage)
    plain = PPO(clip=0.2, value_weight=0.5, entropy_weight=0.1, normalise=False)
    clipped = PPO(clip=0.1, value_weight=2.0, value_clip=0.3)
    return plain.loss(given, None, rows), clipped.loss(given, None, rows)


def test_the_loss_is_its_formula() -> None:
    ticks = 12
    scores = RNG.normal(size=(ticks, 6, 3))
    value, old, advantage, drift = (RNG.normal(size=(ticks, 6)) for _ in range(4))
    action = RNG.integers(0, 3, (ticks, 6)).astype(np.int32)
    logs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    chosen = np.take_along_axis(logs, action[..., None], 2)[..., 0]
    old_log = chosen + 0.3 * drift
    got = run(loss_of, scores=scores, value=value, action=action, log=old_log, old=old, advantage=advantage)
    plain, clipped = got.values()
    ratio, target = np.exp(chosen - old_log), advantage + old
    entropy = -(np.exp(logs) * logs).sum(axis=2).mean(axis=1)
    gain = np.minimum(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage).mean(axis=1)
    expected = -gain + 0.25 * ((value - target) ** 2).mean(axis=1) - 0.1 * entropy
    np.testing.assert_allclose(plain, expected, rtol=1e-10)
    scaled = (advantage - advantage.mean(axis=1, keepdims=True)) / (advantage.std(axis=1, keepdims=True) + 1e-8)
    gain = np.minimum(ratio * scaled, np.clip(ratio, 0.9, 1.1) * scaled).mean(axis=1)
    near = old + np.clip(value - old, -0.3, 0.3)
    worse = np.maximum((value - target) ** 2, (near - target) ** 2).mean(axis=1)
    np.testing.assert_allclose(clipped, -gain + worse, rtol=1e-10)
    assert (np.abs(ratio - 1) > 0.2).any(), "ratios are clipped"
