"""What a sweep costs as it grows: time, memory and bytes of 10^3 runs and more, each in a process of its own.

python -m benchmarks.sweep.run [--most 1e6] [--jobs 2] [--files parquet]

The loop of `examples/follow.py`, 2 s of it, from a Sobol sample of its initial values and the lead's braking. Memory is
the greatest resident set of the process and, apart, of its largest worker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = """
name: Braking
duration: 2 s
seed: 1
parameters:
  gap: {low: 40, high: 200}
  speed: {low: 0, high: 40}
  braking: {mean: -4, sigma: 2, bound: 3}
sampling: {method: sobol, count: 1}
inputs: {start_gap: "${gap}", start_speed: "${speed}", lead_acceleration: "${braking}"}
"""
CHILD = """
import json, resource, sys
from syncml.cli import main
sys.argv = ["syncml", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
used = {w: resource.getrusage(getattr(resource, f"RUSAGE_{w}")).ru_maxrss / 1024 for w in ("SELF", "CHILDREN")}
print(json.dumps(used), file=sys.stderr)
"""


def measured(runs: int, jobs: int, files: str, folder: Path) -> tuple[float, float, float, float]:
    """Seconds of the runs, MiB of the process and of a worker, MB of results."""
    (folder / "braking.yaml").write_text(SCENARIO, "utf-8")
    out = folder / "results"
    command = [sys.executable, "-c", CHILD, "sweep", str(ROOT / "examples" / "follow.py"), "--scenario"]
    command += [str(folder / "braking.yaml"), "--runs", str(runs), "--out", str(out), "--files", files]
    command += ["--jobs", str(jobs), "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    document, used = json.loads(done.stdout), json.loads(done.stderr.splitlines()[-1])
    assert document["passed"] + document["failed"] + document["outside"] == runs
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return document["time_s"], used["SELF"], used["CHILDREN"], size / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=float, default=1e6)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--files", default="parquet")
    options = parser.parse_args()
    print(f"{'runs':>10} {'s':>8} {'runs/s':>9} {'MiB':>6} {'worker MiB':>10} {'results MB':>10}")
    runs = 1000
    while runs <= options.most:
        with tempfile.TemporaryDirectory() as folder:
            seconds, own, worker, size = measured(runs, options.jobs, options.files, Path(folder))
        speed = runs / seconds
        print(f"{runs:>10} {seconds:>8.2f} {speed:>9.0f} {own:>6.0f} {worker:>10.0f} {size:>10.1f}", flush=True)
        runs *= 10


if __name__ == "__main__":
    main()
