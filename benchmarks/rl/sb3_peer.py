"""Proximal policy optimisation of the cart-pole by Stable-Baselines3, with the numbers of examples/train_cartpole.py.

    python sb3_peer.py ROUNDS < CONFIGURATION

Runs in an interpreter that has Stable-Baselines3; the configuration is the JSON that run.py makes. Environments are
those of gymnasium, stepped one after the other. Prints a JSON line as jax_peer.py does.
"""

import json
import sys
import time

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from torch import nn


def main() -> None:
    c, rounds = json.load(sys.stdin), int(sys.argv[1])
    # Networks this small are faster on one thread.
    torch.set_num_threads(1)
    begin = time.perf_counter()
    environments = make_vec_env("CartPole-v1", c["environments"], seed=1)
    shape = {"activation_fn": nn.Tanh, "net_arch": {"pi": c["actor"][1:-1], "vf": c["critic"][1:-1]}}
    rows = c["environments"] * c["steps"]
    total = rows * c["updates"] / (c["epochs"] * c["batches"])
    agents = []

    def rate(_):
        return c["rate"] * max(1.0 - (agents[0].num_timesteps if agents else 0) / total, 0.0)

    agent = PPO("MlpPolicy", environments, n_steps=c["steps"], batch_size=rows // c["batches"], n_epochs=c["epochs"],
                learning_rate=rate, gamma=c["gamma"], gae_lambda=c["lam"], clip_range=c["clip"],
                ent_coef=c["entropy_weight"], vf_coef=0.5 * c["value_weight"], max_grad_norm=c["limit"], seed=1,
                policy_kwargs=shape, device="cpu")  # fmt: skip
    agents.append(agent)
    ready = time.perf_counter() - begin
    wall = cpu = float("inf")
    steps = c["rollouts"] * rows
    for _ in range(rounds):
        begin, used = time.perf_counter(), time.process_time()
        agent.learn(steps, reset_num_timesteps=False)
        wall, cpu = min(wall, time.perf_counter() - begin), min(cpu, time.process_time() - used)
    mean = float(np.mean([episode["r"] for episode in agent.ep_info_buffer]))
    print(json.dumps({"wall": steps / wall, "cpu": steps / cpu, "compile": ready, "return": mean}))


if __name__ == "__main__":
    main()
