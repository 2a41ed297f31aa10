"""Closed loops of the AINNCS competition with the networks of a folder: verdicts, times, and runs against reach sets.

python -m benchmarks.reach.run FOLDER/onnx [--traces N]

The published verdict is that of the competition's report of 2024 (JuliaReach verifies all four). ``--traces`` simulates
so many runs for all loops together and counts those that leave the sets in which the analysis says that they stay.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from syncml.ir.equations.syntax import PropertyKind
from syncml.ir.types import FLOATS, element
from syncml.lang.load import load_program
from syncml.pipeline import check
from syncml.sim.lanes.many import compile_many
from syncml.verify.abstraction import opened
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.explore import explore, start
from syncml.verify.reach.forms import Form
from syncml.verify.reach.horizon import horizon
from syncml.verify.reach.plan import plan
from syncml.verify.reach.tick import Tick

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Loop:
    """A program, its network in the folder, and the published verdict."""

    name: str
    network: str
    published: str


LOOPS = (
    Loop("acc", "acc_tanh_20x20x20.onnx", "verified"),
    Loop("single_pendulum", "single_pendulum.onnx", "verified"),
    Loop("tora", "tora.onnx", "verified"),
    Loop("unicycle", "unicycle.onnx", "verified"),
)


def verdict(loop: Loop, folder: Path) -> tuple[str, str, float]:
    """The verdict on the loop's contract, the method, and the seconds of the whole command."""
    begin = time.perf_counter()
    network = f"policy={folder / loop.network}"
    program = str(HERE / f"{loop.name}.py")
    command = [sys.executable, "-m", "syncml", "verify", program, "--set", network, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    (clause,) = (p for p in json.loads(done.stdout)["properties"] if p["kind"] == "ensure")
    return clause["verdict"], clause["method"] or clause["reason"], seconds


def escaped(loop: Loop, folder: Path, runs: int, seed: int) -> int:
    """How many of so many random runs leave the reach sets at some tick."""
    checked = check(load_program(str(HERE / f"{loop.name}.py"), {"policy": str(folder / loop.network)}))
    whole = opened(checked.program)
    node = whole.node(whole.main)
    plan_ = plan(node, [p for p in node.properties if p.kind is not PropertyKind.ASSUME])
    last = horizon(plan_, float("inf"))
    assert last is not None
    shown = [v.name for v in node.outputs]
    lows, highs = np.full((last + 1, len(shown)), -np.inf), np.full((last + 1, len(shown)), np.inf)

    def watch(tick: int, step: Tick, _low: Floats, _high: Floats) -> None:
        for i, var in enumerate(node.outputs):
            found = step.streams.get(var)
            if isinstance(found, Form):
                lows[tick, i], highs[tick, i] = found.low.min(), found.high.max()

    # One box, so that each tick is seen once.
    if not (explored := explore(plan_, last, float("inf"), watch)).proved or explored.done != 1:
        raise SystemExit(f"{loop.name}: {explored}")
    bounds = start(plan_).found
    assert all(element(v.type) in FLOATS for v in node.inputs)

    def given(first: int, count: int) -> dict[str, Floats]:
        """Random inputs of some runs; those of about a third are at the ends of their ranges at every tick."""
        random = np.random.default_rng((seed, first))
        values: dict[str, Floats] = {}
        for var in node.inputs:
            low, high = (float(b[0]) for b in bounds[var])
            share = random.random((count, last + 1))
            share = np.where(random.random((count, 1)) < 0.3, np.round(share), share)
            values[var.name] = np.minimum(low + share * (high - low), high)
        return values

    # The same step code as that of every back end, many runs at a time.
    simulation, outside = compile_many(checked.program, traced=frozenset(shown)), 0
    for part in simulation.chunks(given, runs, last + 1):
        values = np.stack([part.traces[name] for name in shown], axis=2).astype(np.float64)
        # A NaN is in no set.
        outside += int((~((values >= lows) & (values <= highs))).any(axis=(1, 2)).sum())
    return outside


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the networks are")
    parser.add_argument("--traces", type=int, default=0, metavar="N", help="simulate N runs and compare")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = 0
    print(f"{'loop':16} {'verdict':9} {'published':10} {'seconds':>8}  method")
    for loop in LOOPS:
        found, method, seconds = verdict(loop, options.folder)
        failed += found != "proved"
        print(f"{loop.name:16} {found:9} {loop.published:10} {seconds:8.1f}  {method}", flush=True)
    for loop in LOOPS if options.traces else ():
        runs, begin = options.traces // len(LOOPS), time.perf_counter()
        outside = escaped(loop, options.folder, runs, options.seed)
        failed += outside
        seconds = time.perf_counter() - begin
        print(f"{loop.name:16} {runs} runs, {outside} outside, {seconds:.1f} s with the sets", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
