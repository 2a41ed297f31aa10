"""Million frames a second of a highway with 21 cars, one core: many runs at once, C by hand, and EnvPool, in one run.

    python -m benchmarks.sim.traffic [--envpool PYTHON] [--runs N] [--rounds N]

A frame is 0.2 s of all 21 cars: IDM and MOBIL on four lanes (highway.py). The C (highway.c) has the states of every car
of every run bit for bit. EnvPool's highway is another program with the same drivers: it steers its cars from lane to
lane and looks for collisions, so its figure says what one gets, not what the same computation takes. It runs in the
interpreter PYTHON that has it. In each round every peer takes its turn; medians of processor time, and of the ratios
within a round. Then steps of an environment, called from Python.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import syncml.gym
from benchmarks.sim.environments import STEPS, measured
from benchmarks.sim.highway import CARS
from benchmarks.sim.peers import libraries, race
from syncml.pipeline import check_file
from syncml.sim.lanes.many import compile_many

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[1] / "scenarios" / "highway_traffic" / "highway.py"
TICKS = 150
ENVIRONMENTS = 1024
FRAMES = 5
"""Of a step of the environment: a second."""


def starts(runs: int) -> dict[str, Any]:
    """Positions, speeds, lanes and wanted speeds of the cars of each run."""
    draw, shape = np.random.default_rng(11), (runs, CARS)
    return {
        "start": (25.0 * np.arange(CARS) + draw.uniform(0.0, 5.0, shape)).astype(np.float32),
        "start_speed": draw.uniform(20.0, 25.0, shape).astype(np.float32),
        "start_lane": draw.integers(0, 4, shape).astype(np.int32),
        "wanted": draw.uniform(20.0, 32.0, shape).astype(np.float32),
    }


def by_hand(function: Any, inputs: dict[str, Any], ticks: int) -> Callable[[], list[Any]]:
    """A function of highway.c; its results are those of the last tick."""
    arrays, runs = list(inputs.values()), len(inputs["start"])
    results = [np.zeros_like(inputs[name]) for name in ("start", "start_speed", "start_lane")]
    results.append(np.zeros(runs, np.float32))
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, *results)]

    def run() -> list[Any]:
        function(ctypes.c_long(runs), ctypes.c_long(ticks), *pointers)
        return results

    return run


def measure(runs: int, rounds: int, ticks: int = TICKS) -> dict[str, list[float]]:
    """Race the runs against the C, whose results are equal; seconds of each round.

    Raises:
        SystemExit: the results of two peers differ.
    """
    inputs = starts(runs)
    program = compile_many(check_file(f"{HERE / 'highway.py'}:highway").program)
    held = {name: values[:, None] for name, values in inputs.items()}

    def lanes() -> list[Any]:
        found = program.run(held, runs, ticks, threads=1)
        return [found.last[name] for name in ("x", "v", "lane", "least")]

    peers: dict[str, Callable[[], list[Any]]] = {"lanes": lanes}
    with tempfile.TemporaryDirectory() as folder:
        for compiler, library in libraries(HERE / "highway.c", Path(folder)):
            for style in ("scalar", "lanes"):
                peers[f"C {style}, {compiler}"] = by_hand(getattr(library, f"highway_{style}"), inputs, ticks)
        return race("highway", peers, rounds)


def envpool(python: str, rounds: int) -> dict[str, float]:
    """EnvPool's frames a second of processor time on one thread, and its steps a second by the clock.

    Raises:
        SystemExit: it does not run.
    """
    command = [python, str(HERE / "envpool_peer.py"), str(ENVIRONMENTS), str(FRAMES), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"EnvPool: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def steps_of_environments(rounds: int) -> float:
    """Steps a second of 1024 environments: five frames, an observation, a reward, and a reset where one is due."""
    envs = syncml.gym.make_vec(
        f"{ENVIRONMENT}:highway", ENVIRONMENTS, observation=["observation"], ticks=FRAMES, limit=30, threads=1
    )
    envs.reset(seed=1)
    wishes = np.random.default_rng(1).integers(0, 5, ENVIRONMENTS)
    return ENVIRONMENTS / measured(envs.step, wishes, rounds, STEPS // 10)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Million frames a second of a highway.")
    parser.add_argument("--envpool", metavar="PYTHON", help="an interpreter that has EnvPool")
    parser.add_argument("--runs", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args(arguments)
    runs = given.runs // 16 * 16
    times = measure(runs, given.rounds)
    speeds = {name: runs * TICKS / statistics.median(seconds) / 1e6 for name, seconds in times.items()}
    print(f"highway: {runs} runs of {TICKS} frames, {CARS} cars, medians of {given.rounds} rounds; C equal bit for bit")
    for name, speed in speeds.items():
        ratio = statistics.median(b / a for a, b in zip(times["lanes"], times[name], strict=True))
        print(f"  {name:18} {speed:8.2f} million frames/s   lanes are {ratio:6.2f} times as fast")
    peer = envpool(given.envpool, given.rounds) if given.envpool else None
    if peer:
        ratio = speeds["lanes"] / peer["frames"]
        print(f"  {'EnvPool':18} {peer['frames']:8.2f} million frames/s   lanes are {ratio:6.2f} times as fast")
    else:
        print("EnvPool is not given: --envpool PYTHON, an interpreter that has it")
    print("goals: EnvPool 10, C 0.8")
    steps = steps_of_environments(given.rounds)
    print(f"{ENVIRONMENTS} environments, one thread, a step is a second, of {FRAMES} frames; best of the rounds")
    print(f"  {'syncml.gym':18} {steps / 1e6:8.3f} million steps/s")
    if peer:
        print(f"  {'EnvPool':18} {peer['steps'] / 1e6:8.3f} million steps/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
