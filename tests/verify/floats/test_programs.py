"""A corpus of programs with the verdicts of machine semantics: the name of each clause begins with its verdict.

A few run with every test run, all of them among the slow tests, and by hand

    python -m tests.verify.floats.test_programs

prints the table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from syncml.ir.equations.syntax import Program
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify import Proved, Semantics, VerificationReport, VerifyOptions, Violated, verify
from syncml.verify.floats.falsify import falsified
from syncml.verify.instrument import instrumented

FOLDER = Path(__file__).parent / "programs"
QUICK = frozenset(
    {"low_pass", "unbounded_proportional", "closed_loop", "ticks", "tenths", "boundary", "absorption", "mean", "order"}
)
LIMIT = 30.0


def programs() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.glob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        names = [line.split()[1].split("(")[0] for above, line in pairwise(lines) if above == "@node"]
        yield from ((path.name, name) for name in names)


def replay(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace:
    return interpret(program, inputs, ticks).trace


def report_of(file: str, name: str, semantics: Semantics = Semantics.MACHINE) -> VerificationReport:
    program = check_file(f"{FOLDER / file}:{name}").program
    return verify(program, VerifyOptions(timeout=LIMIT, jobs=1, semantics=semantics, explain=False), replay)


def verdicts(report: VerificationReport) -> dict[str, str]:
    return {r.name: type(r.verdict).__name__.lower() for r in report.results}


def unexpected(report: VerificationReport) -> list[str]:
    """The clauses whose verdict is not what their name says."""
    found = verdicts(report)
    return [f"{name} ({found[name]})" for name in found if ": " in name and not name.startswith(f"{found[name]}:")]


def marked() -> list[Any]:
    return [pytest.param(*p, marks=() if p[1] in QUICK else pytest.mark.slow, id=p[1]) for p in programs()]


@pytest.mark.parametrize(("file", "name"), marked())
def test_machine_floats_have_the_verdict_that_the_name_says(file: str, name: str) -> None:
    report = report_of(file, name)
    assert unexpected(report) == []
    for result in report.results:
        if isinstance(result.verdict, Proved):
            assert "reals" not in result.verdict.semantics
        if isinstance(result.verdict, Violated):
            assert result.verdict.counterexample.ticks >= 1


@pytest.mark.parametrize(("file", "name"), marked())
def test_no_random_run_of_the_machine_breaks_what_is_proved(file: str, name: str) -> None:
    program = check_file(f"{FOLDER / file}:{name}").program
    proved = {r.name for r in report_of(file, name).results if isinstance(r.verdict, Proved)}
    checked, ranges = instrumented(program.node(program.main))
    assert ranges is not None
    clauses = [p.holds for p in checked.node.properties if p.name in proved]
    assert falsified(checked.node, ranges, clauses, 0.5, seed=3) == {}


def broken_by_rounding() -> list[Any]:
    return [p for p in marked() if p.values[0] == "rounding.py"]


@pytest.mark.parametrize(("file", "name"), broken_by_rounding())
def test_the_reals_prove_what_rounding_breaks(file: str, name: str) -> None:
    """What floats violate is proved with ideal semantics, or it would not be rounding that breaks it."""
    found = verdicts(report_of(file, name, Semantics.IDEAL))
    assert {n: v for n, v in found.items() if n.startswith("violated:") and v != "proved"} == {}


def test_there_are_enough() -> None:
    assert len(list(programs())) >= 50
    assert len(broken_by_rounding()) >= 10


def main() -> None:
    """Print the corpus with verdicts and times."""
    wanted = sys.argv[1:]
    for file, name in programs():
        if wanted and name not in wanted:
            continue
        start = time.perf_counter()
        report = report_of(file, name)
        seconds = time.perf_counter() - start
        for r in report.results:
            mark = "  " if f"{r.name}: ".startswith(type(r.verdict).__name__.lower()) or ": " not in r.name else "? "
            method = r.verdict.method if isinstance(r.verdict, Proved) else ""
            ticks = f"{r.verdict.counterexample.ticks} ticks" if isinstance(r.verdict, Violated) else ""
            verdict = type(r.verdict).__name__.lower()
            print(f"{mark}{name:22} {r.name:45} {verdict:9} {method}{ticks}  {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
