"""`syncml replay`: one run of a sweep again, with its trace; it has to be the same to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from syncml.cli.declared import Argument, Option
from syncml.cli.engines import Engine
from syncml.cli.exit import ExitCode, exit_code
from syncml.cli.options import FormatOption, QuietOption, VerboseOption
from syncml.cli.output import echo, run, working
from syncml.cli.request import Request
from syncml.diagnostics.render import Format


def replay(
    results: Annotated[Path, Argument(metavar="DIR", help="The folder of a sweep.", show_default=False)],
    number: Annotated[int, Argument(metavar="ID", help="The number of the run.", show_default=False)],
    out: Annotated[
        Path | None,
        Option(metavar="F", help="Write the trace: .csv, .json, .npz, .vcd or .parquet.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None, Option(metavar="F", help="Draw the trace: .html, .svg, .png or .gif.", show_default=False)
    ] = None,
    engine: Annotated[
        Engine | None, Option(help="How the ticks are computed; lanes without actors.", show_default=False)
    ] = None,
    form: FormatOption = Format.TEXT,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a run of a sweep again, check that nothing differs, and show it as `syncml sim` does."""

    def body() -> ExitCode:
        import time

        from syncml.cli.engines import runs_of
        from syncml.cli.sim import report, write
        from syncml.cli.simulation import simulation_of
        from syncml.files import check_place
        from syncml.ir.step.lowering import Observe
        from syncml.sweep.recorded import open_recorded

        for path in (out, plot):
            if path is not None:
                check_place(path)
        with working(f"reading {results}", quiet=quiet):
            found = open_recorded(results)
            row = found.row(number)
        sweep = found.sweep
        request = Request.start(found.target, None, None, None, form, quiet=quiet, verbose=verbose)
        chosen = engine or (Engine.NUMBA if sweep.has_actors else Engine.LANES)
        with working(f"simulating run {number}", quiet=quiet):
            run_one = runs_of(sweep.checked, chosen, Observe.ALL if verbose else Observe.NAMED)
            start = time.perf_counter()
            ran = sweep.run(number, run_one)
            seconds = time.perf_counter() - start
            checked = found.check(number, row, ran)
        shown = simulation_of(sweep.checked, ran, seconds, every_stream=verbose)
        report(request, shown, chosen, [bool(shown.findings)])
        written = write(request, shown, out, plot)
        if form is Format.TEXT and not quiet:
            echo(f"run {number} of {results}: {row['verdict']}; the same bits as in the sweep ({checked})")
            for path in written:
                echo(f"wrote {path}")
        return exit_code(shown.findings)

    run(form, body)
