"""`syncml sim`: run a program on a scenario, watch its contracts, write and plot the trace."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.engines import Engine, runner
from syncml.cli.exit import ExitCode, exit_code
from syncml.cli.folding import Choice, FoldOption, folded
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SetOption,
    Target,
    VerboseOption,
    WeightsOption,
)
from syncml.cli.output import echo, emit, run, working
from syncml.cli.request import Request
from syncml.cli.stimulus import ConnectionOption, InputOption, ScenarioOption, StepsOption
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.cli.simulation import Simulation
    from syncml.cli.stimulus import Stimulus
    from syncml.diagnostics import Diagnostic
    from syncml.pipeline import Checked


def sim(
    file: Target,
    node: NodeOption = None,
    scenario: ScenarioOption = None,
    suite: Annotated[
        Path | None,
        Option("--suite", metavar="DIR", help="Make every run of every scenario in a folder.", show_default=False),
    ] = None,
    connection: ConnectionOption = None,
    number_of_run: Annotated[
        int, Option("--run", metavar="N", min=0, help="Which run of a scenario with parameters.")
    ] = 0,
    sample: Annotated[
        int | None,
        Option("--sample", metavar="N", min=1, help="With --suite: N runs of each file.", show_default=False),
    ] = None,
    table: InputOption = None,
    steps: StepsOption = None,
    out: Annotated[
        Path | None, Option(metavar="F", help="Write the trace: .csv, .json, .npz, .vcd or .parquet.")
    ] = None,
    plot: Annotated[Path | None, Option(metavar="F", help="Draw the trace: .html, .svg, .png or .gif.")] = None,
    engine: Annotated[
        Engine | None, Option(help="How the ticks are computed; numba, or lanes with --suite.", show_default=False)
    ] = None,
    abstract: Annotated[
        list[str] | None,
        Option(
            "--abstract", metavar="NODE", help="Take the outputs of abstract nodes from --input.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None, Option(metavar="N", help="The seed of the noise; that of the scenario.", show_default=False)
    ] = None,
    runs: Annotated[int, Option(metavar="N", min=1, help="Runs with consecutive seeds.")] = 1,
    fold: FoldOption = Choice.AUTO,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    weights: WeightsOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Simulate, plot, and watch every contract.

    With -v the trace has every stream, not only the named ones.

    With --runs, the trace and the plot are those of the first run in which something fails, or else of the first run.
    """

    def body() -> ExitCode:
        from syncml.cli.simulation import simulate
        from syncml.cli.stimulus import stimulus
        from syncml.scenario.templates import find_connection

        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose, weights=weights)
        how = engine or (Engine.NUMBA if suite is None else Engine.LANES)
        checked, remarks = _subject(request, table, how, tuple(abstract or ()))
        emit(remarks, stream=sys.stderr)
        meets = (
            None if scenario is None and suite is None else find_connection(connection, Path(checked.main.span.file))
        )
        if suite is not None:
            from syncml.cli.suite import run_suite

            _alone(scenario=scenario, input=table, steps=steps, out=out, plot=plot)
            return run_suite(request, checked, suite, meets, how, sample, seed)
        shown: Simulation | None = None
        failed: list[bool] = []
        codes: list[ExitCode] = []
        with working(f"simulating {request.target}", quiet=quiet):
            run_main = runner(_streaming(checked, how, fold, every_stream=verbose), how, every_stream=verbose)

            def drive(number: int) -> Stimulus:
                return stimulus(checked.main, scenario, table, steps, _seed(seed, number), meets, number_of_run)

            clean = frozenset[int]()
            if how is Engine.LANES and runs > 1:
                from syncml.cli.many import clean_runs

                clean = clean_runs(checked, drive, runs)
            for number in range(runs):
                if number in clean and shown is not None:
                    failed.append(False)
                    continue
                driven = drive(number)
                simulation = simulate(checked, driven, run_main, every_stream=verbose)
                if shown is None or (simulation.findings and not any(failed)):
                    shown = simulation
                failed.append(bool(simulation.findings))
                codes.append(exit_code(simulation.findings))
        assert shown is not None, "there is at least one run"
        report(request, shown, how, failed)
        for path in write(request, shown, out, plot):
            if form is Format.TEXT and not quiet:
                echo(f"wrote {path}")
        return max(codes)

    run(form, body)


def _alone(**others: object) -> None:
    """A suite says what drives its runs, and has no single trace."""
    from syncml.diagnostics import DiagnosticError, error

    given = [name for name, value in others.items() if value is not None]
    if given:
        message = f"--suite does not go with --{given[0]}"
        raise DiagnosticError(error("U001", message, help="--scenario F --run N makes one run of a suite"))


def _subject(
    request: Request, table: Path | None, engine: Engine, abstract: Sequence[str]
) -> tuple[Checked, list[Diagnostic]]:
    """The program to run, and what to say about it."""
    from syncml.cli.remarks import ignored_columns, machine_numbers, with_given_outputs, without_body
    from syncml.ir.step.lowering import Observe

    checked = request.checked()
    remarks = [] if table is None or abstract else ignored_columns(checked, table)
    if abstract:
        checked = with_given_outputs(checked, abstract)
    remarks += without_body(checked, run=True)
    if engine is not Engine.INTERP and not request.quiet:
        remarks += machine_numbers(checked, Observe.NAMED)
    return checked, remarks


def _streaming(checked: Checked, engine: Engine, fold: Choice, *, every_stream: bool) -> Checked:
    """The program as compiled code runs it; the interpreter runs it as it is written."""
    from syncml.ir.step.lowering import Observe

    if engine is Engine.INTERP or every_stream:
        return checked
    return folded(checked, fold, Observe.NAMED)[0]


def _seed(first: int | None, number: int) -> int | None:
    """Return the seed of a run; the first one is the scenario's own unless the user gave one."""
    return number or None if first is None else first + number


def report(request: Request, shown: Simulation, engine: Engine, failed: Sequence[bool]) -> None:
    """Say what a run showed, in the form that was asked for."""
    match request.form:
        case Format.TEXT:
            from syncml.cli.sim_text import print_simulation

            emit(shown.findings, stream=sys.stdout)
            if not request.quiet:
                print_simulation(request.target, shown, engine, failed, verbose=request.verbose)
        case Format.JSON:
            from syncml.cli.sim_json import render_sim

            sys.stdout.write(render_sim(request.target, shown, engine, failed))
        case Format.CONCISE | Format.SARIF | Format.GITHUB:
            emit(shown.findings, request.form)


def write(request: Request, shown: Simulation, out: Path | None, plot: Path | None) -> list[Path]:
    """Write the trace and the plot of a run; the files that there are now."""
    from syncml.sim.formats import write_trace

    if out is not None:
        write_trace(shown.trace, out)
    if plot is not None:
        from syncml.cli.plots import plot_run

        plot_run(shown, plot, request.target, every_stream=request.verbose)
    return [path for path in (out, plot) if path is not None]
