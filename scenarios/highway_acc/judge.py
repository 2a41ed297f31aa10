"""How good a policy of the flagship is: its mean return over episodes that no training has seen."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syncml.gym
from syncml.gym import Options
from syncml.networks.weights import load_weights, save_weights

FOLDER = Path(__file__).parent
ENVIRONMENT = str(FOLDER / "environment.py")
OPTIONS: Options = {"bounds": {"choice": (-3.0, 3.0)}, "ticks": 10, "limit": 600}
CONSTANTS = np.arange(1.0, 2.51, 0.05)
JUDGEMENT = 1_000_000
"""Seed of the episodes that a policy is judged by."""

Values = NDArray[Any]
Policy = Callable[[Values], Values]


def network(weights: dict[str, NDArray[np.float32]]) -> Policy:
    """The choice of a policy's network."""
    layers = sum(1 for name in weights if name.startswith("policy.") and name.endswith(".weight"))

    def chosen(seen: Values) -> Values:
        for number in range(layers):
            seen = seen @ weights[f"policy.{number}.weight"].T + weights[f"policy.{number}.bias"]
            seen = np.tanh(seen) if number < layers - 1 else seen
        return seen

    return chosen


def constant(time_gap: float) -> Policy:
    """A choice that is always the same time gap."""
    choice = np.arctanh(np.clip((time_gap - 1.75) / 0.75, -0.995, 0.995))
    return lambda seen: np.full((len(seen), 1), choice)


def judged(policies: list[Policy], episodes: int = 512) -> list[float]:
    """The mean return of each policy over the same episodes."""
    environments = syncml.gym.make_vec(ENVIRONMENT, episodes, **OPTIONS)
    found: list[float] = []
    for policy in policies:
        seen, _ = environments.reset(seed=JUDGEMENT)
        total, running = np.zeros(episodes), np.ones(episodes, np.bool_)
        while running.any():
            seen, rewards, ended, truncated, _ = environments.step(policy(seen).astype(np.float32))
            total += rewards * running
            running &= ~(ended | truncated)
        found.append(float(total.mean()))
    return found


def verdict(weights: dict[str, NDArray[np.float32]]) -> str:
    """The mean return of a policy beside those of the committed one and of the best constant time gap."""
    committed = {name: np.asarray(value) for name, value in load_weights(FOLDER / "weights.safetensors").items()}
    returns = judged([network(weights), network(committed), *map(constant, CONSTANTS)])
    best = int(np.argmax(returns[2:]))
    return (f"mean return of an episode: {returns[0]:.1f}; of the committed policy {returns[1]:.1f}; "
            f"of the best constant time gap, {CONSTANTS[best]:.2f} s, {returns[2 + best]:.1f}")  # fmt: skip


def trained(learnt: Callable[[int, int], dict[str, NDArray[np.float32]]], description: str, steps: int) -> None:
    """The command of a training: train, write and judge.

    Args:
        learnt: The tensors of the policy that is found from a seed in a number of steps.
        description: What the command says of itself.
        steps: How many, unless the command says so.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-o", "--output", type=Path, default=Path("policy.safetensors"), help="a .safetensors file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=steps)
    arguments = parser.parse_args()
    weights = learnt(arguments.seed, arguments.steps)
    save_weights(arguments.output, weights)
    print(verdict(weights))
