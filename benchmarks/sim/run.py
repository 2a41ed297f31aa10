"""Million scenario steps a second, one core: many runs at once against C by hand and JAX, in one run.

    python -m benchmarks.sim.run [--jax PYTHON] [--runs N] [--rounds N] [--loops acc,sensors,policy] [--most N]

All run the same scenarios of 300 ticks, and the figures of every run of C must equal ours bit for bit (JAX contracts
and reorders: its figures are compared roughly). In each round every peer takes its turn; the fastest pass of each
counts for it, because other work on the machine only adds time. JAX runs in the interpreter PYTHON that has it, in
turns of its own, on one core; its figure is per second of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sim.peers import build, race
from syncml.pipeline import check_file
from syncml.sim.lanes.many import compile_many

HERE = Path(__file__).resolve().parent
TICKS = 300
PASSES = 3
"""Passes in a turn: those of JAX follow each other too, and find what the one before left in caches and memory."""
GOALS = {
    "acc": "goals: JAX 4, scalar C 8, C with lanes 0.8",
    "sensors": "goal: C with lanes 0.7; 600 million steps a second on a core with AVX-512",
    "policy": "goal: C with lanes, 8 neurons in registers, 0.5",
}


def scenarios(loop: str, runs: int) -> dict[str, Any]:
    """Inputs, one value for each run."""
    draw = np.random.default_rng(11)
    kind = np.float32 if loop == "policy" else np.float64
    found: dict[str, Any] = {
        "start_gap": draw.uniform(20.0, 80.0, runs).astype(kind),
        "start_speed": draw.uniform(10.0, 35.0, runs).astype(kind),
        "braking": draw.uniform(1.0, 8.0, runs).astype(kind),
        "brakes_at": draw.integers(0, 200, runs).astype(np.int32),
    }
    return {"seed": np.arange(runs, dtype=np.uint64), **found} if loop == "sensors" else found


def measure(loop: str, runs: int, rounds: int, jax: str | None, lanes: int) -> None:
    """Race one loop and print its table.

    Raises:
        SystemExit: the figures of two peers differ.
    """
    inputs = scenarios(loop, runs)
    checked = check_file(f"{HERE / 'loops.py'}:{loop}")
    start = time.perf_counter()
    program = compile_many(checked.program)
    compiled = time.perf_counter() - start
    names = [v.name for v in checked.main.outputs]
    with tempfile.TemporaryDirectory() as folder:
        peers: dict[str, Callable[[], list[Any]]] = {"lanes": lambda: ours(program, inputs, runs, names, lanes)}
        for by_hand in build(Path(folder)):
            for style in ("scalar", "lanes"):
                peers[f"C {style}, {by_hand.name}"] = lambda c=by_hand, s=style: c.run(loop, s, inputs, TICKS)
        times = race(loop, peers, rounds)
        wanted = list(peers["lanes"]())
    best = {name: runs * TICKS / min(seconds) / 1e6 for name, seconds in times.items()}
    if jax is not None:
        best["JAX"] = _jax(jax, loop, inputs, rounds, wanted)
    print(f"{loop}: {runs} runs of {TICKS} ticks, best of {rounds} rounds; C equal bit for bit; {GOALS[loop]}")
    print(f"  compiled in {compiled:.2f} s (or loaded)")
    for name, speed in best.items():
        ratio = "" if name == "lanes" else f"   lanes are {best['lanes'] / speed:5.2f} times as fast"
        print(f"  {name:18} {speed:8.1f} million steps/s{ratio}")


def scale(most: int) -> None:
    """From a thousand runs to ``most``: wall time with all cores, and the most memory until then."""
    checked = check_file(f"{HERE / 'loops.py'}:acc")
    program = compile_many(checked.program)
    kinds = {"start_gap": 50.0, "start_speed": 20.0, "braking": 3.0}

    def given(first: int, count: int) -> dict[str, Any]:
        """Parameters that differ in each run."""
        share = np.arange(first, first + count) / most
        return {**{n: middle * (0.5 + share) for n, middle in kinds.items()}, "brakes_at": np.int32(100)}

    print(f"acc: runs of {TICKS} ticks in chunks, inputs made when they are due")
    runs = 1000
    while runs <= most:
        start = time.perf_counter()
        least = min(float(part.last["out_1"].min()) for part in program.chunks(given, runs, TICKS))
        seconds = time.perf_counter() - start
        mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        each = 1e9 * seconds / runs
        print(f"  {runs:9} runs {seconds:8.4f} s {each:7.0f} ns a run, {mebibytes:.0f} MiB, least {least:.2f}")
        runs *= 10


def ours(program: Any, inputs: dict[str, Any], runs: int, names: Sequence[str], lanes: int) -> list[Any]:
    """The figures of all runs, on one thread."""
    found = program.run(inputs, runs, TICKS, threads=1, lanes=lanes)
    return [found.last[name] for name in names]


def _jax(python: str, loop: str, inputs: dict[str, Any], rounds: int, wanted: list[Any]) -> float:
    """JAX in its own interpreter: the best speed of all batches, its figures close to ours."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/inputs.npz", **inputs)
        command = [python, str(HERE / "jax_peer.py"), loop, folder, str(rounds), str(TICKS)]
        core = str(min(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else "0"
        done = subprocess.run(["taskset", "-c", core, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"JAX: {done.stderr.strip().splitlines()[-1]}")
        found = np.load(f"{folder}/figures.npz")
        if loop == "acc":
            for i, values in enumerate(wanted):
                if not np.allclose(found[f"arr_{i}"], values, rtol=1e-6, atol=1e-6):
                    raise SystemExit(f"{loop}: JAX has other figures")
        return float(json.loads(done.stdout)["speed"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Race each loop."""
    parser = argparse.ArgumentParser(description="Million scenario steps a second.")
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has JAX")
    parser.add_argument("--runs", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--loops", default="acc,sensors,policy")
    parser.add_argument("--most", type=int, default=1_000_000, help="the largest number of runs of the last table")
    given = parser.parse_args(arguments)
    if given.jax is None:
        print("JAX is not given: --jax PYTHON, an interpreter that has it")
    for loop in given.loops.split(","):
        runs = given.runs // 8 if loop == "policy" else given.runs
        measure(loop, runs // 64 * 64, given.rounds, given.jax, given.lanes)
    scale(given.most)
    return 0


if __name__ == "__main__":
    sys.exit(main())
