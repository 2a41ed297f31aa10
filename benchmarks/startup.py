"""How long things take to start: wall and processor time of fresh processes.

    python -m benchmarks.startup [--runs N]

Each line has the median of several runs; what compiles from nothing runs once. On a machine that others use, the
processor time says more than the wall time. The goals are those of the design; they are printed, not enforced.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLAGSHIP = "scenarios/highway_acc/pipeline.py"
SCENARIO = ("--scenario", "scenarios/highway_acc/hard_braking.yaml")
SYNCML = (sys.executable, "-m", "syncml")


def measured(command: Sequence[str], cache: str, runs: int) -> tuple[float, float]:
    """The median wall and processor seconds of ``command`` in a process of its own."""
    wall: list[float] = []
    used: list[float] = []
    for _ in range(runs):
        before, start = os.times(), time.perf_counter()
        environment = {**os.environ, "SYNCML_CACHE_DIR": cache}
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
        wall.append(time.perf_counter() - start)
        after = os.times()
        user, system = after.children_user - before.children_user, after.children_system - before.children_system
        used.append(user + system)
    return statistics.median(wall), statistics.median(used)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line for each case."""
    parser = argparse.ArgumentParser(description="Wall and processor time of fresh processes.")
    parser.add_argument("--runs", type=int, default=5)
    runs: int = parser.parse_args(arguments).runs
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as package:
        source = f"{package}/acc.c"
        # What, the command, how often, and the goal in seconds.
        cases = [
            ("bare Python", (sys.executable, "-c", ""), runs, None),
            ("import syncml", (sys.executable, "-c", "import syncml"), runs, None),
            ("syncml --help", (*SYNCML, "--help"), runs, 0.4),
            ("syncml check, flagship", (*SYNCML, "check", FLAGSHIP), runs, None),
            ("syncml sim, flagship, first run", (*SYNCML, "sim", FLAGSHIP, *SCENARIO), 1, None),
            ("syncml sim, flagship, again", (*SYNCML, "sim", FLAGSHIP, *SCENARIO), runs, 2.0),
            ("syncml export, flagship:acc", (*SYNCML, "export", f"{FLAGSHIP}:acc", "-o", package), 1, None),
            *(
                (
                    f"{compiler} {level} acc.c",
                    (compiler, "-std=c99", level, "-c", source, "-o", f"{source}.o"),
                    runs,
                    None,
                )
                for compiler in ("gcc", "clang")
                for level in ("-O2", "-O3")
                if shutil.which(compiler)
            ),
        ]
        print("                                    wall s  processor s   goal")
        for name, command, count, goal in cases:
            wall, used = measured(command, cache, count)
            print(f"{name:<34}{wall:8.2f} {used:12.2f} {goal or '':>6}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
