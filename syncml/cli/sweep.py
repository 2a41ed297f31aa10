"""`syncml sweep`: very many runs of a scenario, kept in a folder; the same command goes on where it stopped."""

from __future__ import annotations

import enum
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SetOption,
    Target,
    VerboseOption,
    count,
)
from syncml.cli.output import echo, emit, run, working
from syncml.cli.request import Request
from syncml.cli.stimulus import ConnectionOption
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncml.scenario.runners import RunOne
    from syncml.sweep.plan import Sweep
    from syncml.sweep.rows import Summary
    from syncml.sweep.run import Settings
    from syncml.sweep.store import Store
    from syncml.sweep.workers import Workers


class Where(enum.StrEnum):
    """Who makes the runs; the results are the same, byte for byte."""

    LOCAL = "local"
    RAY = "ray"
    DASK = "dask"


class Files(enum.StrEnum):
    """The form of the files of results."""

    PARQUET = "parquet"
    CSV = "csv"


def sweep(
    file: Target,
    scenario: Annotated[
        Path, Option("--scenario", metavar="F", help="Signals, actors and parameters: .yaml or .xosc.")
    ],
    out: Annotated[Path, Option("--out", metavar="DIR", help="The folder of the results.")],
    node: NodeOption = None,
    connection: ConnectionOption = None,
    runs: Annotated[
        str | None,
        Option("--runs", metavar="N", help="How many, as 1e6; all of the scenario.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None,
        Option("--seed", metavar="N", min=0, help="The seed; that of the scenario.", show_default=False),
    ] = None,
    engine: Annotated[Where, Option(help="Who makes the runs.")] = Where.LOCAL,
    address: Annotated[
        str | None,
        Option(metavar="HOST", help="A cluster that runs; without it one starts here.", show_default=False),
    ] = None,
    jobs: Annotated[
        int | None,
        Option("--jobs", metavar="N", min=1, help="Workers at a time; as many as cores.", show_default=False),
    ] = None,
    chunk: Annotated[
        int | None,
        Option(metavar="N", min=1, help="Runs that a worker makes at a time.", show_default=False),
    ] = None,
    traces: Annotated[int, Option(metavar="N", min=0, help="Failing runs whose traces are kept.")] = 10,
    files: Annotated[
        Files | None, Option(help="The form of the results; Parquet with pyarrow.", show_default=False)
    ] = None,
    page: Annotated[
        Path | None,
        Option("--report", metavar="F", help="Write a report: .html, or .xml for JUnit.", show_default=False),
    ] = None,
    restart: Annotated[bool, Option("--restart", help="Discard the results in the folder.")] = False,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make very many runs of a scenario and keep what became of each.

    Stopped in whatever way, the same command goes on. `syncml replay DIR ID` makes one of the runs again.
    """

    def body() -> ExitCode:
        from syncml import pipeline
        from syncml.cli.remarks import machine_numbers, without_body
        from syncml.cli.sweep_html import needed as report_needed
        from syncml.cli.sweep_html import write_report
        from syncml.files import check_place
        from syncml.ir.step.lowering import Observe
        from syncml.sweep.plan import Plan, of_program
        from syncml.sweep.run import Settings
        from syncml.sweep.store import read_manifest
        from syncml.sweep.tables import Form, needed, usual_form

        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose)
        wanted = None if runs is None else count(runs)
        there = None if restart else read_manifest(out)
        usual = usual_form() if there is None else there.form
        results = usual if files is None else Form(files)
        needed(results)
        if page is not None:
            report_needed(page)
            check_place(page)
        path, named = pipeline.split_target(request.target)
        plan = Plan(path.resolve(), named, tuple(request.settings.items()), scenario, connection, seed, wanted)
        with working(f"reading {request.target}", quiet=quiet):
            checked = request.checked()
            remarks = without_body(checked, run=True)
            if not quiet:
                remarks += machine_numbers(checked, Observe.OUTPUTS)
            made = of_program(plan, checked)
            workers = _workers(engine, address, jobs)
        emit(remarks, stream=sys.stderr)
        progress = Progress(made.identity.runs, live=sys.stderr.isatty() and not quiet)
        settings = Settings(out, results, chunk, traces, restart)
        try:
            store = _run(made, settings, workers, progress)
        except KeyboardInterrupt:
            if not quiet:
                sys.stderr.write(
                    f"{progress.done:,} of {made.identity.runs:,} runs are done; the same command goes on\n"
                )
            return ExitCode.INTERRUPTED
        if page is not None:
            with working("writing the report", quiet=quiet):
                write_report(page, request.target, made, store, _tracing(made))
        code = _report(request, made, store, engine, progress)
        if page is not None and form is Format.TEXT and not quiet:
            echo(f"wrote {page}")
        return code

    run(form, body)


def _workers(engine: Where, address: str | None, jobs: int | None) -> Workers:
    from syncml.diagnostics import DiagnosticError, error
    from syncml.processors import processors
    from syncml.sweep.clusters import on_dask, on_ray
    from syncml.sweep.workers import processes

    match engine:
        case Where.LOCAL:
            if address is not None:
                advice = "write --engine ray or --engine dask"
                raise DiagnosticError(error("U001", "--address is that of a cluster", help=advice))
            return processes(jobs or processors())
        case Where.RAY:
            return on_ray(jobs or processors(), address)
        case Where.DASK:
            return on_dask(jobs or processors(), address)
        case _:
            assert_never(engine)


def _run(made: Sweep, settings: Settings, workers: Workers, progress: Progress) -> Store:
    from syncml.sweep.run import run_sweep

    try:
        return run_sweep(made, settings, workers, _tracing(made), progress.told)
    finally:
        progress.clear()


def _tracing(made: Sweep) -> Callable[[], RunOne]:
    """What gives, when it is asked for, what makes the trace of one run."""

    def trace() -> RunOne:
        from syncml.cli.engines import Engine, runs_of
        from syncml.ir.step.lowering import Observe

        return runs_of(made.checked, Engine.NUMBA if made.has_actors else Engine.LANES, Observe.NAMED)

    return trace


class Progress:
    """A line on the terminal: how many runs are done, how long the rest takes, how many failed."""

    def __init__(self, runs: int, *, live: bool) -> None:
        self.done = 0
        self.before = 0
        self._runs = runs
        self._live = live
        self._started: float | None = None
        self._shown = 0.0

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return 0.0 if self._started is None else time.perf_counter() - self._started

    def told(self, total: Summary) -> None:
        """Hear what became of the runs that are done."""
        now = time.perf_counter()
        self.done = total.runs
        if self._started is None:
            self._started, self.before = now, total.runs
        if self._live and now - self._shown > 0.2:
            self._shown = now
            sys.stderr.write(f"\r{self.line(total)}\x1b[K")
            sys.stderr.flush()

    def line(self, total: Summary) -> str:
        """What is shown."""
        text = f"{total.runs:,} of {self._runs:,} runs"
        made, seconds = total.runs - self.before, self.seconds
        if made and seconds:
            speed = made / seconds
            text += f", {speed:,.0f} a second, {_duration((self._runs - total.runs) / speed)} left"
        return f"{text}, {total.verdicts[1]:,} failed"

    def clear(self) -> None:
        """Leave the line empty."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _report(request: Request, made: Sweep, store: Store, engine: Where, progress: Progress) -> ExitCode:
    from syncml.cli.sweep_text import print_sweep, render_sweep

    match request.form:
        case Format.TEXT:
            if not request.quiet:
                print_sweep(request, made, store, progress.before, progress.seconds)
        case Format.JSON:
            sys.stdout.write(render_sweep(request.target, made, store, engine.value, progress.before, progress.seconds))
        case Format.CONCISE | Format.SARIF | Format.GITHUB:
            emit([], request.form)
    return ExitCode.REJECTED if store.summary.verdicts[1] else ExitCode.OK
