"""What a run of a sweep among actors costs: many at once, and one after another, which has to make the same rows.

python -m benchmarks.sweep.actors [SCENARIO ...] [--program FILE] [--runs 2000] [--compared 60]

Processor time of one process, in milliseconds of each run, after compilation; the scenarios are those of Euro NCAP, the
program is the flagship, unless others are named. Exits with 1 if a row differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from syncml.scenario.closed_loop import prepare
from syncml.scenario.runners import clause_streams, compiled_runs
from syncml.sweep.plan import Plan, Sweep, opened
from syncml.sweep.rows import Rows, joined

ROOT = Path(__file__).resolve().parents[2] / "scenarios"


def together(sweep: Sweep) -> tuple[float, Rows]:
    """The milliseconds of a run among many at once, and the rows of all runs."""
    sweep.warm()
    start = time.process_time()
    rows = sweep.rows(0, sweep.identity.runs)
    return 1e3 * (time.process_time() - start) / len(rows["run"]), rows


def one_by_one(sweep: Sweep, runs: list[int]) -> tuple[float, Rows]:
    """The milliseconds of a run after another, and the rows of some runs."""
    prepare()
    run_one = compiled_runs(sweep.checked.program, clause_streams(sweep.flat))
    sweep.run(runs[0], run_one)
    start = time.process_time()
    rows = joined([sweep.row(run, sweep.run(run, run_one)) for run in runs])
    return 1e3 * (time.process_time() - start) / len(runs), rows


def differing(rows: Rows, some: Rows) -> list[str]:
    """The columns in which some rows are not what they are among all."""
    at = np.searchsorted(rows["run"], some["run"])
    return [name for name, values in some.items() if values.tolist() != rows[name][at].tolist()]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", type=Path, default=sorted((ROOT / "euro_ncap").glob("*.yaml")))
    parser.add_argument("--program", type=Path, default=ROOT / "highway_acc" / "pipeline.py")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--compared", type=int, default=60)
    options = parser.parse_args(arguments)
    print(f"{'scenario':<62} {'runs':>6} {'ticks/run':>9} {'together':>9} {'alone':>8} {'times':>6}")
    wrong = False
    for path in options.scenarios:
        sweep = opened(Plan(options.program.resolve(), "", (), path, runs=options.runs))
        many, rows = together(sweep)
        spread = np.unique(np.linspace(0, len(rows["run"]) - 1, options.compared).astype(np.int64))
        one, some = one_by_one(sweep, rows["run"][spread].tolist())
        differ = differing(rows, some)
        wrong |= bool(differ)
        told = f"{one / many:>6.1f}" if not differ else f"differs in {', '.join(differ)}"
        length = rows["ticks"].mean()
        print(f"{path.name:<62} {len(rows['run']):>6} {length:>9.0f} {many:>9.3f} {one:>8.2f} {told}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
