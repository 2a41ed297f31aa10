"""The flagship as an environment: the shield keeps every policy safe, and the committed one drives well."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import syncml.gym
from syncml.networks.weights import load_weights

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "highway_acc"


def test_no_choice_is_unsafe_and_the_committed_policy_needs_no_shield() -> None:
    count, steps = 128, 150
    source = str(FOLDER / "environment.py")
    envs = syncml.gym.make_vec(source, count, bounds={"choice": (-3.0, 3.0)}, ticks=10, limit=steps)
    weights = {name: np.asarray(value) for name, value in load_weights(FOLDER / "weights.safetensors").items()}
    layers = sum(name.startswith("policy.") and name.endswith(".weight") for name in weights)

    def committed(seen: np.ndarray) -> np.ndarray:
        for number in range(layers):
            seen = seen @ weights[f"policy.{number}.weight"].T + weights[f"policy.{number}.bias"]
            seen = np.tanh(seen) if number < layers - 1 else seen
        return seen

    draw = np.random.default_rng(3)
    returns: dict[str, float] = {}
    for name in ("random", "nearest", "committed"):
        seen, _ = envs.reset(seed=11)
        total = np.zeros(count)
        for step in range(steps):
            choice = {
                "random": draw.uniform(-3.0, 3.0, (count, 1)),
                "nearest": np.full((count, 1), -3.0),
                "committed": committed(seen),
            }[name]
            seen, rewards, ended, truncated, _ = envs.step(choice.astype(np.float32))
            total += rewards
            assert not ended.any()
            assert truncated.all() == (step == steps - 1)
        returns[name] = float(total.mean())
    assert returns["committed"] > max(returns["random"], returns["nearest"]) > -200.0
