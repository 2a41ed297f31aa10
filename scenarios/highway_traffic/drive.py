"""Two drivers in the traffic of highway.py: one that wishes at random, one that follows a rule; 1024 highways, 40 s.

python scenarios/highway_traffic/drive.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import syncml.gym

HERE = Path(__file__).resolve().parent
LEFT, KEEP, RIGHT, FASTER, SLOWER = range(5)
SECONDS = 40


def environments(count: int) -> Any:
    """Highways whose agent is asked once a second."""
    return syncml.gym.make_vec(
        str(HERE / "highway.py:highway"), count, observation=["observation"], ticks=5, limit=SECONDS
    )


def rule(seen: Any) -> Any:
    """Faster on a free lane; else to a lane that is free, or slower."""
    left, own, right = seen[:, 2:6], seen[:, 6:10], seen[:, 10:14]
    # Time to where it would touch the next car, s, and whether there is room to go beside.
    time = (100.0 * own[:, 0] - 8.0) / np.maximum(-10.0 * own[:, 1], 0.5)
    blocked = (100.0 * own[:, 0] < 35.0) | (time < 6.0)

    def free(lane: Any) -> Any:
        ahead = 100.0 * lane[:, 0] > 35.0 + np.maximum(-60.0 * lane[:, 1], 0.0)
        return ahead & (100.0 * lane[:, 2] > 20.0 + np.maximum(30.0 * lane[:, 3], 0.0))

    aside = np.select([free(right), free(left)], [RIGHT, LEFT], SLOWER)
    return np.where(blocked, aside, FASTER)


def drive(name: str, count: int) -> tuple[float, float]:
    """The mean reward of an episode, and the share of the episodes that ended in a crash."""
    envs = environments(count)
    draw = np.random.default_rng(5)
    seen, _ = envs.reset(seed=0)
    total, crashed, going = np.zeros(count), np.zeros(count, np.bool_), np.ones(count, np.bool_)
    for _ in range(SECONDS):
        wish = draw.integers(0, 5, count) if name == "random" else rule(seen)
        seen, rewards, ended, truncated, _ = envs.step(wish)
        total += np.where(going, rewards, 0.0)
        crashed |= going & ended
        going &= ~(ended | truncated)
    return float(total.mean()), float(crashed.mean())


if __name__ == "__main__":
    for driver in ("random", "rule"):
        reward, share = drive(driver, 1024)
        print(f"{driver:7} mean reward {reward:5.1f} of {SECONDS}, crashes in {100.0 * share:.1f} % of the episodes")
