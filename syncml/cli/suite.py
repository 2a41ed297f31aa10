"""`syncml sim --suite`: every run of every scenario file, and a table of what became of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncml.cli.engines import Engine
from syncml.cli.exit import ExitCode
from syncml.cli.output import echo, working
from syncml.cli.tables import print_table
from syncml.diagnostics.json_format import Document
from syncml.diagnostics.model import Collector
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.cli.request import Request
    from syncml.ir.equations.syntax import Node
    from syncml.pipeline import Checked
    from syncml.scenario.many import Rows
    from syncml.scenario.model import Connection
    from syncml.scenario.runners import RunOne
    from syncml.scenario.suite import FileReport, Outcome
    from syncml.scenario.templates import Template

SHOWN = 10
"""How many failing runs of a file are listed."""
AT_ONCE = 16384
"""The most runs that go together on lanes, so that progress is seen."""
TINTS = {"failed": "bold red", "outside": "yellow"}


class OutcomeModel(Document):
    """A run that did not pass."""

    run: int = Field(ge=0)
    verdict: Literal["failed", "outside"]
    clause: str
    tick: int = Field(ge=0)
    collided: bool
    parameters: dict[str, float | str]


class FileModel(Document):
    """A scenario file."""

    file: str
    name: str
    runs: int = Field(ge=0, description="Those of all combinations of parameters.")
    left_out: int = Field(ge=0, description="Those that constraints rule out.")
    made: int = Field(ge=0)
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    outside: int = Field(ge=0, description="An assumption of the program failed first.")
    collisions: int = Field(ge=0)
    least_gap_m: float | None = Field(description="The least distance to a lead.")
    ticks: int = Field(ge=0)
    time_s: float = Field(ge=0)
    not_passed: list[OutcomeModel]


class SuiteModel(Document):
    """The whole document."""

    schema_id: Literal["syncml/suite/1"] = Field(default="syncml/suite/1", alias="schema")
    file: str
    engine: str
    files: list[FileModel]


def run_suite(
    request: Request,
    checked: Checked,
    place: Path,
    connection: Connection | None,
    engine: Engine,
    sample: int | None,
    seed: int | None,
) -> ExitCode:
    """Make all runs and report them.

    Raises:
        DiagnosticError: the faults of all files, before anything runs.
    """
    from syncml.scenario.suite import Verdict, chosen, suite

    templates = suite(place, connection)
    faults = Collector()
    for template in templates:
        # The first run of each file shows what its names and places lack.
        with faults.catch():
            template.scene(checked.main, next(iter(chosen(template, 1)[0]), 0))
    faults.raise_if_errors()
    how = _Engines(checked, engine, seed, quiet=request.quiet)
    reports: list[FileReport] = []
    for number, template in enumerate(templates):
        reports.append(_run_file(template, how, sample, f"{number + 1}/{len(templates)}", request.quiet))
    if request.form is Format.JSON:
        sys.stdout.write(_render(request.target, engine, reports))
    elif not request.quiet:
        _print(request.target, reports, how.compiling)
    failed = any(report.count(Verdict.FAILED) for report in reports)
    return ExitCode.REJECTED if failed else ExitCode.OK


class _Engines:
    """What makes the runs of scenarios; an engine is compiled when it is first needed.

    Attributes:
        compiling: The seconds that went into compiling.
    """

    def __init__(self, checked: Checked, engine: Engine, seed: int | None, *, quiet: bool) -> None:
        from syncml.scenario.many import Programs

        self.compiling = 0.0
        self._checked, self._engine, self._seed, self._quiet = checked, engine, seed, quiet
        self._programs = Programs(checked.program, checked.main)
        self._run: RunOne | None = None

    def make(self, template: Template, runs: list[int]) -> Iterator[list[Outcome]]:
        """The outcomes of runs, some at a time."""
        if self._engine is Engine.LANES:
            many = self._many(template, runs)
            if many is not None:
                return (rows.outcomes() for rows in many)
        run = self._one_by_one()
        return ([_outcome(self._checked.flat, template, run, number, self._seed)] for number in runs)

    def _many(self, template: Template, runs: list[int]) -> Iterator[Rows] | None:
        """The runs on lanes, compiled; None if the scenario asks for what lanes do not compute."""
        import numpy as np

        from syncml.scenario.many import ManyRuns
        from syncml.scenario.variables import NotSpecialisedError

        numbers = np.array(runs, dtype=np.int64)
        try:
            with self._compiling(template.path.name):
                many = ManyRuns(self._programs, template)
                for turn in many.prepare(numbers):
                    turn.compile()
        except NotSpecialisedError as reason:
            if not self._quiet:
                sys.stderr.write(f"{template.path.name}: one run after another, for lanes do not compute {reason}\n")
            return None
        return many.rows(numbers, self._seed, chunk=AT_ONCE)

    def _one_by_one(self) -> RunOne:
        from syncml.scenario.closed_loop import prepare
        from syncml.scenario.runners import clause_streams, compiled_runs, interpreted_runs

        if self._run is None:
            with self._compiling(self._checked.main.label):
                if self._engine is Engine.INTERP:
                    self._run = interpreted_runs(self._checked.program, self._checked.flat)
                else:
                    self._run = compiled_runs(self._checked.program, clause_streams(self._checked.flat))
                    prepare()
        return self._run

    @contextmanager
    def _compiling(self, what: str) -> Generator[None]:
        begin = time.perf_counter()
        with working(f"compiling {what}", quiet=self._quiet):
            yield
        self.compiling += time.perf_counter() - begin


def _run_file(template: Template, engines: _Engines, sample: int | None, part: str, quiet: bool) -> FileReport:
    from syncml.scenario.suite import FileReport, chosen

    runs, left_out = chosen(template, sample)
    report = FileReport(template, template.runs.count, left_out)
    making = engines.make(template, runs)
    started = told = time.perf_counter()
    live = sys.stderr.isatty() and not quiet
    for outcomes in making:
        report.outcomes += outcomes
        now, done = time.perf_counter(), len(report.outcomes)
        if live and now - told > 0.2:
            told = now
            left = (now - started) / done * (len(runs) - done)
            sys.stderr.write(f"\r{part} {template.path.name}: {done}/{len(runs)}, {left:.0f} s left \x1b[K")
    if live:
        sys.stderr.write("\r\x1b[K")
    report.seconds = time.perf_counter() - started
    return report


def _outcome(flat: Node, template: Template, run: RunOne, number: int, seed: int | None) -> Outcome:
    from syncml.scenario.suite import Outcome, judge
    from syncml.sim.monitor import monitor

    ticks = template.ticks(flat, number)
    inputs = template.values(flat, ticks, number, seed)
    ran = run(inputs, ticks, template.scene(flat, number))
    verdict, clause, tick = judge(monitor(flat, ran.trace), ran.collision)
    return Outcome(number, verdict, clause, tick, ran.collision is not None, ran.least_gap, ran.trace.ticks)


def _print(target: str, reports: Sequence[FileReport], compiling: float) -> None:
    from syncml.scenario.suite import Verdict

    rows: list[tuple[str, ...]] = []
    for report in reports:
        gaps = [o.least_gap for o in report.outcomes]
        counts = [report.count(verdict) for verdict in Verdict]
        collided = sum(o.collided for o in report.outcomes)
        rows.append((
            report.template.path.name, str(report.runs), str(report.left_out), str(len(report.outcomes)),
            *map(str, counts), str(collided), f"{min(gaps):.2f}" if gaps and min(gaps) < float("inf") else "",
        ))  # fmt: skip
    print_table(("scenario", "runs", "left out", "made", *Verdict, "collisions", "least gap [m]"), rows, TINTS)
    for report in reports:
        broken = [o for o in report.outcomes if o.verdict is Verdict.FAILED]
        for outcome in broken[:SHOWN]:
            values = ", ".join(f"{n} = {v}" for n, v in report.template.runs.settings(outcome.run).items())
            echo(f"\n{report.template.path.name}, run {outcome.run}: {outcome.clause!r} fails at {outcome.tick}")
            echo(f"  {values}")
            echo(f"  again: syncml sim {target} --scenario {report.template.path} --run {outcome.run}")
        if len(broken) > SHOWN:
            echo(f"\nand {len(broken) - SHOWN} more of {report.template.path.name}; --format json has all of them")
    made, ticks = sum(len(r.outcomes) for r in reports), sum(o.ticks for r in reports for o in r.outcomes)
    seconds = sum(r.seconds for r in reports)
    before = f", after {compiling:.1f} s of compiling" if compiling > 1.0 else ""
    echo(f"\n{target}: {made} runs, {ticks} ticks in {seconds:.1f} s{before}")


def _render(target: str, engine: Engine, reports: Sequence[FileReport]) -> str:
    from syncml.scenario.suite import Verdict

    files: list[FileModel] = []
    for report in reports:
        gap = min((o.least_gap for o in report.outcomes), default=float("inf"))
        rest = [o for o in report.outcomes if o.verdict is not Verdict.PASSED]
        files.append(
            FileModel(
                file=str(report.template.path),
                name=report.template.name,
                runs=report.runs,
                left_out=report.left_out,
                made=len(report.outcomes),
                passed=report.count(Verdict.PASSED),
                failed=report.count(Verdict.FAILED),
                outside=report.count(Verdict.OUTSIDE),
                collisions=sum(o.collided for o in report.outcomes),
                least_gap_m=gap if gap < float("inf") else None,
                ticks=sum(o.ticks for o in report.outcomes),
                time_s=report.seconds,
                not_passed=[
                    OutcomeModel(
                        run=o.run,
                        verdict="failed" if o.verdict is Verdict.FAILED else "outside",
                        clause=o.clause,
                        tick=o.tick,
                        collided=o.collided,
                        parameters=report.template.runs.settings(o.run),
                    )
                    for o in rest
                ],
            )
        )
    document = SuiteModel(file=target, engine=engine.value, files=files)
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"
