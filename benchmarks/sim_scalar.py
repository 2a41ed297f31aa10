"""The flagship controller for one scenario: compiled simulation against exported C, in one run.

Reports nanoseconds per tick of the compiled step function alone (no input checks, no trace), of a whole run, and of the
exported C at -O3 (not of C written by hand); then how long it takes to compile, and to start again from the cache in a
fresh process, as wall time and as processor time, which says more on a busy machine. The ratio to the exported C has a
goal of 1.5; a breach ends with exit code 1. Both sides take the fastest of several passes from the initial state.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from syncml.export_c.timing import seconds_per_step
from syncml.ir.constants import dtype
from syncml.ir.step.lowering import Observe
from syncml.ir.types import element, shape
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.compiled import compile_program

PROGRAM = "scenarios/highway_acc/pipeline.py"
TICKS = 2000
PASSES = 30
GOAL = 1.5


def recorded(checked: Checked) -> dict[str, np.ndarray]:
    """Inputs of moderate size: numbers near 20, Booleans false nearly always."""
    generator = np.random.default_rng(1)
    values: dict[str, np.ndarray] = {}
    for var in checked.main.inputs:
        size = (TICKS, *shape(var.type))
        kind = dtype(element(var.type))
        numbers = generator.random(size) < 0.002 if kind == np.bool_ else 20.0 + generator.normal(size=size)
        values[var.name] = numbers.astype(kind)
    return values


def start_again(cache: str) -> tuple[float, float]:
    """Wall and processor seconds from nothing to the first trace in a fresh process, with a filled cache."""
    begin, used = time.perf_counter(), os.times()
    subprocess.run([sys.executable, __file__, "--start"], env={**os.environ, "SYNCML_CACHE_DIR": cache}, check=True)
    after = os.times()
    processor = after.children_user - used.children_user + after.children_system - used.children_system
    return time.perf_counter() - begin, processor


def main() -> int:
    """Measure and print."""
    checked = check_file(PROGRAM)
    inputs = recorded(checked)
    if "--start" in sys.argv:
        compile_program(checked.program, Observe.OUTPUTS).run(inputs, TICKS)
        return 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SYNCML_CACHE_DIR"] = cache
        begin = time.perf_counter()
        simulation = compile_program(checked.program, Observe.OUTPUTS)
        compiling = time.perf_counter() - begin
        again, processor = start_again(cache)
    passes: list[float] = []
    for _ in range(PASSES):
        # As the exported C does, each pass starts from the initial state.
        simulation.reset()
        passes.append(simulation.seconds(inputs, TICKS))
    kernel = min(passes) / TICKS
    begin = time.perf_counter()
    simulation.run(inputs, TICKS)
    run = (time.perf_counter() - begin) / TICKS
    exported = seconds_per_step(step_code(checked, flat=False), inputs, TICKS, passes=PASSES)
    print(f"{Path(PROGRAM).parent.name}: {TICKS} ticks")
    print(f"  Numba, step function       {kernel * 1e9:8.1f} ns per tick")
    print(f"  Numba, run with its trace  {run * 1e9:8.1f} ns per tick")
    print(f"  exported C, gcc -O3        {exported * 1e9:8.1f} ns per tick")
    print(f"  ratio                      {kernel / exported:8.2f}    (goal {GOAL})")
    print(f"  compiling                  {compiling:8.2f} s")
    print(f"  a second process, in all   {again:8.2f} s     ({processor:.2f} s of processor time; goal 2)")
    return int(kernel > GOAL * exported)


if __name__ == "__main__":
    raise SystemExit(main())
