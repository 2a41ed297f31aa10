"""`syncml search`: which parameters of a scenario make a program fail, and how little it takes."""

from __future__ import annotations

import enum
import math
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SeedOption,
    SetOption,
    Target,
    VerboseOption,
    count,
)
from syncml.cli.output import emit, run, working
from syncml.cli.request import Request
from syncml.cli.stimulus import ConnectionOption
from syncml.diagnostics.render import Format
from syncml.search.method import Method

if TYPE_CHECKING:
    from syncml.search.search import Found
    from syncml.search.subject import Bound

FAILING = "failing"
"""The scenario file of a minimal failing run, which ends as the scenario does."""


class Noise(enum.StrEnum):
    """Which seed the noise of a run has."""

    ONE = "one"
    EACH = "each"


def search(
    file: Target,
    scenario: Annotated[Path, Option("--scenario", metavar="F", help="Signals, actors and parameters that vary.")],
    node: NodeOption = None,
    connection: ConnectionOption = None,
    clause: Annotated[
        str | None, Option("--clause", metavar="NAME", help="A promise to break; any of them.", show_default=False)
    ] = None,
    stream: Annotated[
        str | None, Option("--stream", metavar="NAME", help="A stream to take past a bound.", show_default=False)
    ] = None,
    least: Annotated[
        float | None, Option("--least", metavar="X", help="The stream is to be at least X.", show_default=False)
    ] = None,
    greatest: Annotated[
        float | None, Option("--greatest", metavar="X", help="The stream is to be at most X.", show_default=False)
    ] = None,
    method: Annotated[Method, Option(help="How runs are chosen.")] = Method.CROSS_ENTROPY,
    runs: Annotated[str, Option("--runs", metavar="N", help="The most runs, as 1e6.")] = "10000",
    seed: SeedOption = 0,
    noise: Annotated[
        Noise, Option("--noise", help="One noise in all runs, that of the scenario's seed, or each run its own.")
    ] = Noise.ONE,
    out: Annotated[
        Path | None, Option("--output", "-o", metavar="DIR", help="Write the failing scenario.", show_default=False)
    ] = None,
    jobs: Annotated[
        int | None, Option("--jobs", metavar="N", min=1, help="Threads; as many as cores.", show_default=False)
    ] = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Search the parameters of a scenario for a run that breaks a promise, and make it as small as it can be."""

    def body() -> ExitCode:
        from syncml import pipeline
        from syncml.cli.remarks import machine_numbers, without_body
        from syncml.cli.search_text import print_search, render_search
        from syncml.files import check_place
        from syncml.ir.step.lowering import Observe
        from syncml.scenario.templates import find_connection, read_template
        from syncml.search.search import Wanted, keep
        from syncml.search.search import search as find
        from syncml.search.subject import subject
        from syncml.sweep.plan import first_admitted
        from syncml.sweep.simulators import check_simulated

        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose)
        bound = _bound(clause, stream, least, greatest)
        if out is not None:
            check_place(out / FAILING)
        wanted = Wanted(method, count(runs), seed, jobs, own_noise=noise is Noise.EACH)
        with working(f"reading {request.target}", quiet=quiet):
            written = request.checked()
            remarks = without_body(written, run=True)
            if not quiet:
                remarks += machine_numbers(written, Observe.OUTPUTS)
            checked = pipeline.on_machine(written)
            meets = find_connection(connection, Path(checked.main.span.file))
            template = read_template(scenario, meets)
            searched = subject(checked.flat, template, clause, bound)
            check_simulated(searched.flat, template, first_admitted(template))
        emit(remarks, stream=sys.stderr)
        start = time.perf_counter()
        with working(f"searching {request.target}", quiet=quiet):
            found = find(searched, wanted)
        kept = None
        if out is not None and found.failing is not None:
            kept = out / f"{FAILING}{scenario.suffix}"
            keep(searched, found.failing, meets, kept)
        seconds = time.perf_counter() - start
        match request.form:
            case Format.TEXT:
                if not quiet:
                    again = None if kept is None or found.failing is None else _again(request, kept, connection, found)
                    print_search(request, searched, wanted, found, again, seconds)
            case Format.JSON:
                sys.stdout.write(render_search(request.target, searched, wanted, found, kept, seconds))
            case Format.CONCISE | Format.SARIF | Format.GITHUB:
                emit([], request.form)
        return ExitCode.REJECTED if found.failing is not None else ExitCode.OK

    run(form, body)


def _again(request: Request, kept: Path, connection: Path | None, found: Found) -> str:
    """The command that makes the failing run again."""
    words = ["syncml", "sim", request.target, "--scenario", str(kept)]
    words += [] if connection is None else ["--connection", str(connection)]
    words += [word for name, value in request.settings.items() for word in ("--set", f"{name}={value}")]
    if kept.suffix.lower() == ".xosc" and found.failing is not None and found.failing.run.seed:
        # OpenSCENARIO has no place for a seed.
        words += ["--seed", str(found.failing.run.seed)]
    return shlex.join(words)


def _bound(clause: str | None, stream: str | None, least: float | None, greatest: float | None) -> Bound | None:
    """The bound of a stream that is to be broken; None if it is a promise.

    Raises:
        DiagnosticError: U001, the options do not go together.
    """
    from syncml.diagnostics import DiagnosticError, error
    from syncml.search.subject import Bound

    if clause is not None and stream is not None:
        raise DiagnosticError(error("U001", "--clause and --stream do not go together", help="leave one of them out"))
    if (stream is None) != (least is None and greatest is None) or (least is not None and greatest is not None):
        advice = "write --stream NAME --least X, or --stream NAME --greatest X"
        raise DiagnosticError(error("U001", "a stream is searched against one bound", help=advice))
    if stream is None:
        return None
    if not math.isfinite(least if least is not None else greatest or 0.0):
        raise DiagnosticError(error("U001", "a bound is a finite number", help="write --least 0.5"))
    return Bound(stream, least, below=True) if least is not None else Bound(stream, greatest or 0.0, below=False)
