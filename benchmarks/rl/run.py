"""Steps a second of proximal policy optimisation with all its updates: the program of examples/train_cartpole.py.

    python -m benchmarks.rl.run [--sb3 PYTHON] [--jax PYTHON] [--rounds N]

The cart-pole, two networks of 64 and 64 units, one configuration for all: Stable-Baselines3 in the interpreter PYTHON
that has it, and the whole pipeline in JAX in the one that has JAX, one after the other; with 4 environments, as
PureJaxRL has them, then with 8 and 16. The best of the rounds counts; beside the wall time stands the time of all
processors, which other load on the machine changes less. The first line compares with the arithmetic: the products of
the networks, forwards and backwards.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from syncml.ir.step.lowering import Observe
from syncml.pipeline import check_file
from syncml.sim.compiled import compile_program

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "train_cartpole.py"
ROLLOUTS = {"syncml": 20, "jax": 20, "sb3": 2}
"""In a round."""


def program() -> Any:
    """The module of the example."""
    spec = importlib.util.spec_from_file_location("train_cartpole", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configuration(module: Any, peer: str, environments: int) -> dict[str, Any]:
    """What a peer is to do."""
    algorithm = module.ALGORITHM
    return {
        "environments": environments,
        "steps": module.STEPS,
        "rollouts": ROLLOUTS[peer],
        "actor": module.ACTOR.sizes,
        "critic": module.CRITIC.sizes,
        "first": [float(x) for x in module.FIRST],
        "rate": module.RATE,
        "updates": module.UPDATES,
        "epochs": algorithm.epochs,
        "batches": algorithm.batches,
        "clip": algorithm.clip,
        "value_weight": algorithm.value_weight,
        "entropy_weight": algorithm.entropy_weight,
        "limit": algorithm.limit,
        "gamma": module.GAMMA,
        "lam": module.LAMBDA,
    }


def own(module: Any, environments: int, rounds: int) -> dict[str, float]:
    """The figures of the compiled program."""
    begin = time.perf_counter()
    simulation = compile_program(check_file(str(PROGRAM), {"environments": str(environments)}).program, Observe.OUTPUTS)
    compiled = time.perf_counter() - begin
    ticks = ROLLOUTS["syncml"] * module.STEPS
    wall = cpu = float("inf")
    totals: list[float] = []
    ends: list[float] = []
    for _ in range(rounds):
        begin, used = time.perf_counter(), time.process_time()
        trace = simulation.run({"seed": np.ones(ticks, np.uint64)}, ticks)
        wall, cpu = min(wall, time.perf_counter() - begin), min(cpu, time.process_time() - used)
        total, end = (np.asarray(column.values) for column in trace.columns[-2:])
        totals, ends = [*totals, float(total.sum())], [*ends, float(end.sum())]
    steps, last = ticks * environments, max(rounds // 4, 1)
    mean = sum(totals[-last:]) / max(sum(ends[-last:]), 1.0)
    return {"wall": steps / wall, "cpu": steps / cpu, "compile": compiled, "return": mean}


def peer(name: str, python: str, module: Any, environments: int, rounds: int) -> dict[str, float]:
    """The figures of a peer, measured in its own interpreter."""
    script = Path(__file__).parent / f"{name}_peer.py"
    given = json.dumps(configuration(module, name, environments))
    done = subprocess.run([python, str(script), str(rounds)], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def operations(module: Any) -> float:
    """Floating-point operations of the products for one step: acting, judging what came after, and all epochs."""

    def products(sizes: tuple[int, ...]) -> int:
        return sum(2 * a * b for a, b in itertools.pairwise(sizes))

    actor, critic = products(module.ACTOR.sizes), products(module.CRITIC.sizes)
    first = 2 * (module.ACTOR.sizes[0] * module.ACTOR.sizes[1] + module.CRITIC.sizes[0] * module.CRITIC.sizes[1])
    # Backwards: by the weights, and by the inputs of all layers but the first.
    learning = 3 * (actor + critic) - first
    return actor + 2 * critic + module.ALGORITHM.epochs * learning


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Steps a second of PPO.")
    parser.add_argument("--sb3", help="an interpreter that has Stable-Baselines3")
    parser.add_argument("--jax", help="an interpreter that has JAX")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    module = program()
    each = operations(module)
    for environments in (4, 8, 16):
        found = {"syncml": own(module, environments, arguments.rounds)}
        for name in ("jax", "sb3"):
            if python := getattr(arguments, name):
                found[name] = peer(name, python, module, environments, arguments.rounds)
        best = found["syncml"]
        print(f"{environments} environments, {each / 1e3:.0f} thousand operations of products a step: "
              f"{each * best['cpu'] / 1e9:.1f} Gflop/s of a processor")  # fmt: skip
        for name, figures in found.items():
            wall, cpu = best["wall"] / figures["wall"], best["cpu"] / figures["cpu"]
            print(
                f"  {name:8} {figures['wall']:10,.0f} steps/s, {figures['cpu']:10,.0f} a second of processor time; "
                f"ready after {figures['compile']:5.1f} s; mean return {figures['return']:5.1f}; "
                f"syncml is {wall:.1f}, by processor time {cpu:.1f} times as fast"
            )


if __name__ == "__main__":
    main()
