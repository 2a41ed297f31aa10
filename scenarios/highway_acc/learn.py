"""Train the policy of the flagship by reinforcement learning, and write it for `--set policy=FILE`.

python scenarios/highway_acc/learn.py -o my_policy.safetensors

Proximal policy optimisation of Stable-Baselines3 (`pip install 'syncml[sb3]'`) in environment.py. The goal: on episodes
that the training has not seen, a higher mean return than every constant time gap.
"""

from __future__ import annotations

import numpy as np
import torch
from judge import ENVIRONMENT, OPTIONS, trained
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from torch import nn

import syncml.gym

TRAINING = 1
"""Seed of the episodes that an agent learns from."""


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


if __name__ == "__main__":
    trained(learnt, "Train the policy of the flagship by reinforcement learning.", 1_000_000)
