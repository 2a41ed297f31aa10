"""Train the policy of the flagship by reinforcement learning, and write it for `--set policy=FILE`.

python scenarios/highway_acc/learn.py -o my_policy.safetensors

Proximal policy optimisation of Stable-Baselines3 (`pip install 'syncml[sb3]'`) in environment.py. The goal: on episodes
that the training has not seen, a higher mean return than every constant time gap.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from torch import nn

import syncml.gym
from syncml.gym import Options
from syncml.networks.weights import load_weights, save_weights

FOLDER = Path(__file__).parent
ENVIRONMENT = str(FOLDER / "environment.py")
OPTIONS: Options = {"bounds": {"choice": (-3.0, 3.0)}, "ticks": 10, "limit": 600}
CONSTANTS = np.arange(1.0, 2.51, 0.05)
TRAINING, JUDGEMENT = 1, 1_000_000
"""Seeds of the episodes that an agent learns from, and of those that it is judged by."""

Values = NDArray[Any]
Policy = Callable[[Values], Values]


def learnt(seed: int, steps: int) -> dict[str, NDArray[np.float32]]:
    """The tensors of the policy that PPO finds in a number of steps, by the names that pipeline.py reads."""
    # Networks this small are faster on one thread.
    torch.set_num_threads(1)
    environments = syncml.gym.make_sb3(ENVIRONMENT, 64, **OPTIONS)
    environments.seed(TRAINING)
    shape = {"activation_fn": nn.Tanh, "net_arch": {"pi": [16, 16], "vf": [64, 64]}, "log_std_init": -1.0}
    agent = PPO("MlpPolicy", environments, n_steps=128, batch_size=1024, n_epochs=10, learning_rate=1e-3,
                gamma=0.98, seed=seed, policy_kwargs=shape, device="cpu")  # fmt: skip
    agent.learn(steps, callback=_Progress(steps))
    layers = [*agent.policy.mlp_extractor.policy_net, agent.policy.action_net]
    dense = [layer for layer in layers if isinstance(layer, nn.Linear)]
    return {
        f"policy.{number}.{part}": getattr(layer, part).detach().numpy().astype(np.float32)
        for number, layer in enumerate(dense)
        for part in ("weight", "bias")
    }


class _Progress(BaseCallback):
    """A line for each tenth of the training: the mean reward of a step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps, self._next = steps, 0.0

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        if self.num_timesteps >= self._next:
            self._next += self._steps / 10
            mean = float(np.mean(self.locals["rollout_buffer"].rewards))
            print(f"{self.num_timesteps} steps: {mean:.4f} a step", flush=True)


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


def main() -> None:
    """Train, judge and write."""
    parser = argparse.ArgumentParser(description="Train the policy of the flagship by reinforcement learning.")
    parser.add_argument("-o", "--output", type=Path, default=Path("policy.safetensors"), help="a .safetensors file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1_000_000)
    arguments = parser.parse_args()
    weights = learnt(arguments.seed, arguments.steps)
    save_weights(arguments.output, weights)
    committed = {name: np.asarray(value) for name, value in load_weights(FOLDER / "weights.safetensors").items()}
    returns = judged([network(weights), network(committed), *map(constant, CONSTANTS)])
    best = int(np.argmax(returns[2:]))
    print(f"mean return of an episode: {returns[0]:.1f}; of the committed policy {returns[1]:.1f}; "
          f"of the best constant time gap, {CONSTANTS[best]:.2f} s, {returns[2 + best]:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
