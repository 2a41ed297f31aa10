"""`make soundness`: verdicts on the programs of the repository and on random systems against millions of C steps.

Exit code 1 if a proved property is false in a run, or a counterexample violates nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Node, Program
from tests.soundness.judge import Tally, decided, judged
from tests.soundness.systems import FLAGSHIP, opened_program, programs_of_the_repository, systems

STEPS_OF_A_PROGRAM = 20_000
STEPS_OF_THE_FLAGSHIP = 200_000
STEPS_OF_A_SYSTEM = 100_000
BATCH = 10


def judge(name: str, node: Node, seconds: float, steps: int, number: int) -> Tally:
    """Verify a node, run it, and say what was found."""
    start = time.perf_counter()
    report = decided(node, seconds)
    with tempfile.TemporaryDirectory(prefix="syncml-soundness-") as folder:
        tally = judged(node, report, Path(folder), steps, number)
    print(f"{time.perf_counter() - start:6.1f} s  {name}: {tally}", flush=True)
    if tally.faults:
        print(*tally.faults, print_program(Program((node,), node.name)), sep="\n", flush=True)
    return tally


def random_systems(batch: int, seconds: float) -> Tally:
    """Judge a batch of random systems."""
    total = Tally()

    @seed(batch)
    @settings(
        max_examples=BATCH, suppress_health_check=list(HealthCheck), derandomize=False, database=None, deadline=None
    )
    @given(node=systems())
    def run(node: Node) -> None:
        nonlocal total
        total += judge(f"random systems {batch}", node, seconds, STEPS_OF_A_SYSTEM, batch)

    run()
    return total


def main() -> int:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description="Hold verdicts against runs of the exported C.")
    parser.add_argument("--steps", type=int, default=10_000_000, help="how many steps in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=5.0, help="the time limit of each verification")
    parser.add_argument("words", nargs="*", help="only programs of the repository whose path contains one of these")
    arguments = parser.parse_args()
    total = Tally()
    for path in programs_of_the_repository():
        if arguments.words and not any(word in str(path) for word in arguments.words):
            continue
        try:
            node = opened_program(path)
        except DiagnosticError as fault:
            print(f"{path.stem}: {fault}")
            continue
        flagship = path == FLAGSHIP
        steps = STEPS_OF_THE_FLAGSHIP if flagship else STEPS_OF_A_PROGRAM
        total += judge(path.stem, node, 60.0 if flagship else arguments.seconds, steps, arguments.seed)
    if not arguments.words:
        batch = arguments.seed
        while total.steps < arguments.steps:
            total += random_systems(batch, arguments.seconds)
            batch += 1
    print(total)
    return 1 if total.faults else 0


if __name__ == "__main__":
    sys.exit(main())
