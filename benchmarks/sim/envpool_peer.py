"""EnvPool's highway with 21 cars on four lanes. Runs in an interpreter that has EnvPool.

    python envpool_peer.py ENVIRONMENTS FRAMES ROUNDS

Prints million frames a second of processor time, the median, and steps a second by the clock, the best; one thread,
and wishes at random as ours.
"""

import json
import statistics
import sys
import time

import envpool
import numpy as np

STEPS = 10


def main(count, frames, rounds):
    envs = envpool.make_gymnasium(
        "HighwayFast-v0",
        num_envs=count,
        num_threads=1,
        lanes_count=4,
        vehicles_count=20,
        simulation_frequency=frames,
        policy_frequency=1,
    )
    envs.reset()
    wishes = np.random.default_rng(1).integers(0, 5, count)
    speeds, walls = [], []
    for _ in range(rounds):
        begin, clock = time.process_time(), time.perf_counter()
        for _ in range(STEPS):
            envs.step(wishes)
        speeds.append(count * STEPS * frames / (time.process_time() - begin) / 1e6)
        walls.append((time.perf_counter() - clock) / STEPS)
    print(json.dumps({"frames": statistics.median(speeds), "steps": count / min(walls)}))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
