"""All runs of a folder of scenarios with the flagship: seconds after compilation, by threads, and memory.

    python -m benchmarks.sim.suite FOLDER [--threads 1,2] [--chunk N]

Each file is compiled before its first run; compilation is timed on its own. Times are wall times; processor seconds
stand beside them, because other work on the machine makes the first longer.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from syncml.pipeline import check_file
from syncml.scenario.many import ManyRuns, Programs, in_order, workers
from syncml.scenario.suite import chosen, suite
from syncml.scenario.templates import find_connection

PIPELINE = Path(__file__).resolve().parents[2] / "scenarios" / "highway_acc" / "pipeline.py"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of them."""
    parser = argparse.ArgumentParser(description="All runs of a folder of scenarios with the flagship.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--chunk", type=int, default=16384)
    given = parser.parse_args(arguments)
    begin = time.perf_counter()
    checked = check_file(str(PIPELINE))
    templates = suite(given.folder, find_connection(None, PIPELINE))
    programs = Programs(checked.program, checked.main)
    read = time.perf_counter() - begin
    many: list[tuple[ManyRuns, np.ndarray[tuple[int], np.dtype[np.int64]]]] = []
    all_runs = sum(t.runs.count for t in templates)
    begin, processor = time.perf_counter(), time.process_time()
    for template in templates:
        runs = np.array(chosen(template, None)[0], dtype=np.int64)
        many.append((ManyRuns(programs, template), runs))
        for turn in many[-1][0].prepare(runs):
            turn.compile()
    made = sum(len(runs) for _, runs in many)
    print(f"{all_runs} runs in {len(many)} files, {all_runs - made} left out by constraints; read in {read:.1f} s")
    seconds, used = time.perf_counter() - begin, time.process_time() - processor
    print(f"compiled, or loaded, in {seconds:.1f} s, {used:.1f} s of processor")
    for threads in map(int, given.threads.split(",")):
        begin, processor = time.perf_counter(), time.process_time()
        with workers(threads) as pool:
            begun = (chunk for each, runs in many for chunk in each.begin(runs, pool, chunk=given.chunk))
            ticks = sum(int(rows.ticks.sum()) for rows in in_order(begun))
        seconds, used = time.perf_counter() - begin, time.process_time() - processor
        mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{threads} threads: {ticks / 1e6:.0f} million steps in {seconds:.1f} s, {used:.1f} s of processor, "
            f"{ticks / used / 1e6:.1f} million steps per second of processor, {mebibytes:.0f} MiB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
