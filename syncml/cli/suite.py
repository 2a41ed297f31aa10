"""`syncml sim --suite`: every run of every scenario file, and a table of what became of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
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
    from syncml.scenario.model import Connection
    from syncml.scenario.runners import RunOne
    from syncml.scenario.suite import FileReport, Outcome
    from syncml.scenario.templates import Template

SHOWN = 10
"""How many failing runs of a file are listed."""
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
    from syncml.scenario.closed_loop import prepare
    from syncml.scenario.runners import clause_streams, compiled_runs, interpreted_runs
    from syncml.scenario.suite import Verdict, chosen, suite

    templates = suite(place, connection)
    faults = Collector()
    for template in templates:
        # The first run of each file shows what its names and places lack.
        with faults.catch():
            template.scene(checked.main, next(iter(chosen(template, 1)[0]), 0))
    faults.raise_if_errors()
    with working("compiling", quiet=request.quiet):
        if engine is Engine.INTERP:
            run = interpreted_runs(checked.program, checked.flat)
        else:
            run = compiled_runs(checked.program, clause_streams(checked.flat))
            prepare()
    reports: list[FileReport] = []
    for number, template in enumerate(templates):
        reports.append(_run_file(checked, template, run, sample, seed, f"{number + 1}/{len(templates)}", request.quiet))
    if request.form is Format.JSON:
        sys.stdout.write(_render(request.target, engine, reports))
    elif not request.quiet:
        _print(request.target, reports)
    failed = any(report.count(Verdict.FAILED) for report in reports)
    return ExitCode.REJECTED if failed else ExitCode.OK


def _run_file(
    checked: Checked, template: Template, run: RunOne, sample: int | None, seed: int | None, part: str, quiet: bool
) -> FileReport:
    from syncml.scenario.suite import FileReport, chosen

    runs, left_out = chosen(template, sample)
    report = FileReport(template, template.runs.count, left_out)
    flat = checked.flat
    started = told = time.perf_counter()
    live = sys.stderr.isatty() and not quiet
    for done, number in enumerate(runs):
        report.outcomes.append(_outcome(flat, template, run, number, seed))
        now = time.perf_counter()
        if live and now - told > 0.2:
            told = now
            left = (now - started) / (done + 1) * (len(runs) - done - 1)
            sys.stderr.write(f"\r{part} {template.path.name}: {done + 1}/{len(runs)}, {left:.0f} s left \x1b[K")
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


def _print(target: str, reports: Sequence[FileReport]) -> None:
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
    echo(f"\n{target}: {made} runs, {ticks} ticks in {seconds:.1f} s")


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
