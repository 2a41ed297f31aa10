"""Learning programs in compiled simulation beside PyTorch and JAX, and products of matrices beside NumPy.

    python -m benchmarks.learn.run [--torch PYTHON] [--jax PYTHON] [--rounds N]

The parameters after one sequence are compared with those of each peer: another `tanh` and another order of additions
make small differences, no others. Exit code 1 if there are larger ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
from numba.core import config

from benchmarks.learn.gru import PARAMETERS, RATE, Setting, program
from syncml import Mat, Stream, node
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.pipeline import check
from syncml.sim.compiled import Simulation, compile_program

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-2
"""The greatest difference between steps of a parameter, as a part of the greatest step."""


def compiled(found: Any) -> tuple[Simulation, float]:
    """A compiled node, and the seconds of processor time that compiling took."""
    checked = check(program_of(found))
    begin = time.process_time()
    return compile_program(checked.program, Observe.OUTPUTS), time.process_time() - begin


def first_sequence(simulation: Simulation, setting: Setting) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of the first sequence, and the parameters after it."""
    trace = simulation.run(setting.data(), setting.steps)
    after = simulation.state()
    return float(np.sum(trace.columns[-1].values, dtype=np.float64)), {n: np.asarray(after[n]) for n in PARAMETERS}


def difference(setting: Setting, ours: dict[str, np.ndarray], theirs: Any) -> float:
    """The greatest difference between the steps of a parameter, as a part of its greatest step."""
    before = setting.weights()
    steps = {name: ours[name] - before[name] for name in PARAMETERS}
    others = {name: theirs[name] - before[name] for name in PARAMETERS}
    return max(float(np.abs(steps[n] - others[n]).max() / np.abs(steps[n]).max()) for n in PARAMETERS)


def peer(python: str, name: str, folder: Path, rounds: int, threads: int) -> dict[str, float]:
    """What a peer found, on so many processors."""
    places = sorted(os.sched_getaffinity(0))[:threads]
    command = [python, str(HERE / f"{name}_peer.py"), str(folder), str(rounds), str(threads), str(RATE)]
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, places)
    )
    return json.loads(found.stdout.splitlines()[-1])


def learning(peers: dict[str, str], rounds: int) -> bool:
    """The table of the recurrent network; whether all agree."""
    setting = Setting()
    simulation, seconds = compiled(program(setting))
    ours = first_sequence(simulation, setting)
    print(f"GRU {setting.units}, batch {setting.batch}, {setting.steps} instants; compiled in {seconds:.1f} s")
    rows: dict[str, float] = {}
    same = True
    with tempfile.TemporaryDirectory() as scratch:
        np.savez(Path(scratch) / "inputs.npz", **setting.weights(), **setting.data())
        for _ in range(rounds):
            for threads in (1, 2):
                config.NUMBA_NUM_THREADS = threads
                best = min(simulation.seconds(setting.data(), setting.steps) for _ in range(10))
                note(rows, "syncml", threads, best)
            for name, python in peers.items():
                for threads in (1, 2):
                    found = peer(python, name, Path(scratch), 10, threads)
                    note(rows, name, threads, found["seconds"])
                apart = difference(setting, ours[1], np.load(Path(scratch) / f"{name}.npz"))
                if apart > TOLERANCE or abs(found["loss"] / ours[0] - 1.0) > 1e-4:
                    same = False
                    print(f"{name}: loss {found['loss']} and {ours[0]}, steps {apart:.1e} apart", file=sys.stderr)
    own = rows["syncml, 1 thread"]
    for name, value in rows.items():
        print(f"  {name:20} {value * 1e3:8.1f} ms a sequence   {value / own:5.2f} times syncml")
    return same


def note(rows: dict[str, float], name: str, threads: int, seconds: float) -> None:
    """Keep the least time of an engine with so many threads."""
    key = f"{name}, {threads} thread{'s' * (threads > 1)}"
    rows[key] = min(rows.get(key, seconds), seconds)


def product(form: str, size: int) -> Any:
    """A node with one product of square matrices."""
    square = Mat[L[size], L[size]]

    @node
    def multiply(a: Stream[square], b: Stream[square]) -> Stream[square]:
        return a @ b if form == "A @ B" else a.T @ b if form == "A.T @ B" else a @ b.T

    return multiply


def speed(form: str, size: int) -> tuple[float, float]:
    """Thousand million operations a second, on one thread: compiled simulation, and NumPy."""
    simulation, _ = compiled(product(form, size))
    config.NUMBA_NUM_THREADS = 1
    ticks = max(1, min(2000, 20_000_000 // size**3))
    draw = np.random.default_rng(size)
    given = {name: draw.normal(size=(ticks, size, size)).astype(np.float32) for name in "ab"}
    ours = min(simulation.seconds(given, ticks) for _ in range(20)) / ticks
    a, b = (values[0] for values in given.values())
    left, right = (a.T if form == "A.T @ B" else a), (b.T if form == "A @ B.T" else b)
    theirs = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(ticks):
            left @ right
        theirs = min(theirs, (time.perf_counter() - begin) / ticks)
    return 2e-9 * size**3 / ours, 2e-9 * size**3 / theirs


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="an interpreter that has PyTorch")
    parser.add_argument("--jax", help="an interpreter that has JAX")
    parser.add_argument("--rounds", type=int, default=3)
    found = parser.parse_args()
    peers = {name: python for name, python in (("torch", found.torch), ("jax", found.jax)) if python}
    same = learning(peers, found.rounds)
    print("\nproducts of f32, GFLOP/s: compiled simulation / NumPy")
    for form in ("A @ B", "A.T @ B", "A @ B.T"):
        row = (f"{ours:7.1f} /{theirs:6.1f}" for ours, theirs in (speed(form, n) for n in (4, 8, 16, 32, 64, 128, 256)))
        print(f"  {form:8}", *row)
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
