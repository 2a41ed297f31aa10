"""Million environment steps a second: an adaptive cruise control and a cart with a pole, 1024 environments in a step.

    python -m benchmarks.sim.environments [--count N] [--rounds N]

A step is a call from Python that takes the actions of all environments and returns observations, rewards and ends, with
the reset of those that are over. The fastest of the rounds counts. Gymnasium's own cart and pole runs beside them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

import syncml.gym
from benchmarks.sim.tasks import cruise, pole

STEPS = 200


def measured(step: Callable[[Any], Any], actions: Any, rounds: int, steps: int) -> float:
    """Seconds of a step."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(steps):
            step(actions)
        best = min(best, (time.perf_counter() - start) / steps)
    return best


def main() -> None:
    """Print a line for each environment."""
    parser = argparse.ArgumentParser(description="Steps of environments per second.")
    parser.add_argument("--count", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=25)
    arguments = parser.parse_args()
    count, draw = arguments.count, np.random.default_rng(1)
    push = draw.uniform(-1.0, 1.0, (count, 1)).astype(np.float32)
    print(f"{count} environments in a step")
    for name, task, autoreset in (
        ("cruise control, next_step", cruise, "next_step"),
        ("cruise control, same_step", cruise, "same_step"),
        ("cart and pole, next_step", pole, "next_step"),
    ):
        envs = syncml.gym.make_vec(task, count, bounds={"push": (-1.0, 1.0)}, limit=500, autoreset=autoreset)
        envs.reset(seed=1)
        report(name, count, measured(envs.step, push, arguments.rounds, STEPS))
    peer = gymnasium.make_vec("CartPole-v1", count, vectorization_mode="vector_entry_point")
    peer.reset(seed=1)
    report("gymnasium's cart and pole", count, measured(peer.step, draw.integers(0, 2, count), 3, STEPS // 10))


def report(name: str, count: int, seconds: float) -> None:
    """A line."""
    print(f"{name:28} {seconds * 1e6:9.1f} us a step, {count / seconds / 1e6:8.2f} million steps/s")


if __name__ == "__main__":
    main()
