"""The adapter for Stable-Baselines3 does what environments of gymnasium do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syncml.gym
from syncml import Stream, cast, f32, first, node, state, u64, where
from syncml.nodes.random import random_bits, uniform

pytest.importorskip("stable_baselines3", reason="Stable-Baselines3 is not installed")


@node
def hill(push: Stream[f32], seed: Stream[u64]) -> tuple[Stream[f32], Stream[f32], Stream[bool]]:
    """A place that a push moves; the end is at 1."""
    place = state(init=0.0, type=f32)
    start = cast(uniform(random_bits(seed, 0)), f32)
    here = where(first(), start, place + 0.5 * push)
    place.next = here
    reward = -abs(here)
    terminated = here > 1.0
    return here, reward, terminated


BOUNDS = {"push": (-1.0, 1.0)}


def test_episodes_end_as_stable_baselines_wants_it() -> None:
    count = 3
    adapter: Any = syncml.gym.make_sb3(hill, count, bounds=BOUNDS, limit=6)
    plain = syncml.gym.make_vec(hill, count, bounds=BOUNDS, limit=6, autoreset="same_step")
    adapter.seed(4)
    np.testing.assert_array_equal(adapter.reset(), plain.reset(seed=4)[0])
    random = np.random.default_rng(0)
    cut = ended = 0
    for _ in range(40):
        action = random.uniform(-1, 1, (count, 1)).astype(np.float32)
        seen, rewards, over, infos = adapter.step(action)
        expected = plain.step(action)
        np.testing.assert_array_equal(seen, expected[0])
        np.testing.assert_array_equal(rewards, expected[1].astype(np.float32))
        np.testing.assert_array_equal(over, expected[2] | expected[3])
        for k in range(count):
            assert ("terminal_observation" in infos[k]) == over[k]
            if over[k]:
                np.testing.assert_array_equal(infos[k]["terminal_observation"], expected[4]["final_obs"][k])
                assert infos[k]["TimeLimit.truncated"] == (expected[3][k] and not expected[2][k])
                cut, ended = cut + expected[3][k], ended + expected[2][k]
    assert cut and ended


def test_an_agent_learns() -> None:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import VecMonitor

    # Networks this small are faster on one thread.
    torch.set_num_threads(1)
    envs = VecMonitor(syncml.gym.make_sb3(hill, 16, bounds=BOUNDS, limit=20))
    envs.seed(1)
    agent = PPO("MlpPolicy", envs, n_steps=64, batch_size=256, seed=0, device="cpu", learning_rate=3e-3)
    before, _ = evaluate_policy(agent, envs, n_eval_episodes=64)
    agent.learn(20_000)
    after, _ = evaluate_policy(agent, envs, n_eval_episodes=64)
    # A return is at best about -0.5: a start at 0.5 on average, and pushes of at most 0.5.
    assert after > before / 4
