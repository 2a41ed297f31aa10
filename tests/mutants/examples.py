"""Judge the mutants of the examples: `python -m tests.mutants.examples`, the second half of `make mutants`.

Exit code 1 if a mutant that breaks a clause on a random run is proved to keep it, or is not reported as violated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.syntax import Node, Program
from syncml.pipeline import check_file
from syncml.sim.interpreter import replay
from syncml.sim.monitor import monitor
from syncml.verify import Proved, Semantics, Verdict, VerifyOptions, Violated, opened, verify
from syncml.verify.sampling import sample
from tests.mutants.operators import FILES, Edit, edits
from tests.soundness.inputs import rows

RUNS, TICKS = 20, 60
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        caught: ``check``, ``verify`` with runs or without, ``unknown``, or ``equal``: it keeps its contract.
        missed: Clauses that fail on a run and are not reported as violated.
        wrong: Those of them that are called proved.
    """

    caught: str
    missed: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()


def judge(edit: Edit, folder: Path) -> Outcome:
    """Check, run and verify a mutant in ``folder``."""
    path = folder / edit.file
    path.write_text(edit.source, "utf-8")
    try:
        checked = check_file(str(path))
    except DiagnosticError:
        return Outcome("check")
    flat = opened(checked.program)
    broken = broken_on_runs(flat.node(flat.main))
    report = verify(checked.program, VerifyOptions(timeout=SECONDS, explain=False, semantics=Semantics.REALS), replay)
    verdicts = {r.name: r.verdict for r in report.results if r.node == checked.main.label}
    return Outcome(caught(verdicts, broken), *compared(verdicts, broken))


def compared(verdicts: Mapping[str, Verdict], broken: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Of the clauses that fail on a run those that are not reported, and those that are proved."""
    missed = frozenset(n for n in broken if not isinstance(verdicts[n], Violated))
    return missed, frozenset(n for n in missed if isinstance(verdicts[n], Proved))


def caught(verdicts: Mapping[str, Verdict], broken: frozenset[str]) -> str:
    """What catches a mutant."""
    if any(isinstance(v, Violated) for v in verdicts.values()):
        return "verify and runs" if broken else "verify"
    return "equal" if all(isinstance(v, Proved) for v in verdicts.values()) else "unknown"


def broken_on_runs(node: Node) -> frozenset[str]:
    """The clauses that fail on random runs before an assumption does."""
    generator = np.random.default_rng(1)
    broken: set[str] = set()
    for _ in range(RUNS):
        trace = replay(Program((node,), node.name), rows(sample(node, TICKS, generator), node, TICKS), TICKS)
        clauses = monitor(node, trace)
        left = min((c.first_failure for c in clauses if c.is_assumption and c.first_failure is not None), default=TICKS)
        broken |= {
            c.name for c in clauses
            if not c.is_assumption and c.first_failure is not None and c.first_failure < left
        }  # fmt: skip
    return frozenset(broken)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge all mutants and print a table."""
    parser = argparse.ArgumentParser(description="Judge the mutants of the examples.")
    parser.add_argument("files", nargs="*", default=FILES)
    counts: Counter[str] = Counter()
    faults = 0
    for edit in (e for file in parser.parse_args(arguments).files for e in edits(file)):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="syncml-mutant-") as folder:
            outcome = judge(edit, Path(folder))
        counts[outcome.caught] += 1
        faults += bool(outcome.missed)
        said = f" MISSED {', '.join(sorted(outcome.missed))}" if outcome.missed else ""
        said += f" WRONGLY PROVED {', '.join(sorted(outcome.wrong))}" if outcome.wrong else ""
        print(f"{outcome.caught:16}{time.perf_counter() - start:5.1f} s  {edit.name}{said}", flush=True)
    print(
        f"{counts.total()} mutants: {', '.join(f'{n} {what}' for what, n in sorted(counts.items()))}; {faults} missed"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
