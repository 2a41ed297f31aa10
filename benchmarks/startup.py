"""How long it takes to start: the wall time of a fresh process, the median of several runs.

The budgets are those of the design; a breach is reported and ends with exit code 1.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15

# What, the command, and its budget in seconds.
CASES = (
    ("bare Python", [sys.executable, "-c", ""], None),
    ("import syncml", [sys.executable, "-c", "import syncml"], None),
    ("syncml --help", [sys.executable, "-m", "syncml", "--help"], 0.4),
)


def seconds(command: list[str]) -> float:
    """Return the median wall time of `command`."""
    times: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print one line for each case."""
    breached = False
    for name, command, budget in CASES:
        median = seconds(command)
        over = budget is not None and median > budget
        breached |= over
        limit = "" if budget is None else f"  (budget {budget * 1000:.0f} ms{', exceeded' if over else ''})"
        print(f"{name:<16}{median * 1000:7.0f} ms{limit}")
    return int(breached)


if __name__ == "__main__":
    sys.exit(main())
