"""`syncml schedule`: the cyclic executive, tick by tick, and phases that flatten it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import DumpOption, FormatOption, NodeOption, QuietOption, SetOption, Target
from syncml.cli.output import echo, emit, run
from syncml.cli.request import Request
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.cli.schedule_table import Schedule

MOST_ROWS = 64
"""Of a longer executive the table shows so many ticks; the document and the drawing have all."""

BAR = 40
"""The width of the bar of the peak, in letters."""


def schedule(
    file: Target,
    node: NodeOption = None,
    flatten: Annotated[
        bool, Option("--flatten", help="Move phases so that the peak is the least, and show what comes of it.")
    ] = False,
    write: Annotated[
        bool, Option("--write", help="With --flatten: write the phases into FILE, and count it again.")
    ] = False,
    out: Annotated[
        Path | None, Option("--out", "-o", metavar="F.svg", help="Draw the executive.", show_default=False)
    ] = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show the cyclic executive: operations per tick and by rate."""

    def body() -> ExitCode:
        from syncml.cli.schedule_table import make_schedule
        from syncml.files import write_whole

        if out is not None and out.suffix != ".svg":
            raise DiagnosticError(error("U001", f"no drawing format is called {out.suffix!r}", help="use .svg"))
        if write and not flatten:
            raise DiagnosticError(error("U001", "--write has nothing to write", help="add --flatten"))
        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=False)
        found = make_schedule(*request.traced_and_checked(), flatten=flatten)
        if write and found.moves:
            _write(request, found)
        if out is not None:
            from syncml.cli.schedule_svg import to_svg

            write_whole(out, to_svg(found).encode())
        _print(request, found)
        if write and found.moves and not quiet and form is Format.TEXT:
            echo(f"wrote {request.target}; its peak is {found.after}")
        if out is not None and not quiet and form is Format.TEXT:
            echo(f"wrote {out}")
        return ExitCode.OK

    run(form, body)


def _write(request: Request, found: Schedule) -> None:
    from syncml import pipeline
    from syncml.cli.schedule_edits import write_moves
    from syncml.schedule import count

    path, _ = pipeline.split_target(request.target)
    if path.suffix != ".py":
        raise DiagnosticError(error("U001", f"{path} is no Python file", help="edit the phases by hand"))
    write_moves(path, found, lambda: count(request.traced_and_checked()[1]).peak)


def _print(request: Request, found: Schedule) -> None:
    match request.form:
        case Format.TEXT if not request.quiet:
            _print_text(found)
        case Format.CONCISE:
            for tick, total in enumerate(found.counted.totals):
                echo(f"{tick}: {total}")
        case Format.JSON:
            from syncml.cli.schedule_json import render_schedule

            sys.stdout.write(render_schedule(request.target, found))
        case Format.TEXT:
            pass
        case Format.SARIF | Format.GITHUB:
            emit([], request.form)


def _print_text(found: Schedule) -> None:
    from syncml.cli.streams import demand_line, pass_line
    from syncml.cli.tables import print_table

    counted = found.counted
    echo(found.title)
    print_table(
        ("  clock", "rate", "ticks", "operations", "share"),
        [(f"  {r.clock}", r.rate, str(r.ticks), str(r.operations), f"{r.share:.0%}") for r in found.rows],
    )
    echo()
    totals, peak = counted.totals, counted.peak
    shown = totals[:MOST_ROWS]
    print_table(
        ("  tick", "operations", ""),
        [(f"  {tick}", str(total), "#" * round(BAR * total / max(1, peak))) for tick, total in enumerate(shown)],
    )
    if len(totals) > len(shown):
        echo(f"  ... {len(totals) - len(shown)} more ticks")
    echo()
    if not counted.complete:
        echo(f"only the first {len(totals)} of {counted.prefix + counted.period} ticks were counted")
    echo(f"peak {peak} operations at tick {totals.index(peak)}, mean {sum(totals) / len(totals):.1f}")
    for segment in found.segments:
        echo(pass_line(segment))
        echo(f"  {demand_line(segment)}")
    _print_moves(found)


def _print_moves(found: Schedule) -> None:
    if found.moves:
        before = f"was {found.before}" if found.applied else f"would be {found.after}"
        proved = "" if found.proved else " (the search was cut short: other phases may be better)"
        echo(f"with other phases the peak {before}{proved}:")
        for move in found.moves:
            echo(f"  line {move.line}: {move.edit}")
    elif found.applied:
        echo("no other phases have a lower peak")
