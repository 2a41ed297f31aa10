"""`syncml check`: types, clocks, causality, initialisation, and a table of streams."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from syncml.cli.exit import ExitCode
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
from syncml.cli.output import echo, emit, run
from syncml.cli.request import Request
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.clock_calculus import BufferUse
    from syncml.ir.equations.syntax import Node
    from syncml.pipeline import Checked
    from syncml.verify.units import Units


def check(
    file: Target,
    node: NodeOption = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    weights: WeightsOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Check types, clocks, causality, initialisation.

    Prints the streams of the node with type, clock and rate; with -v those of every node. State that influences no
    output and no contract is a warning, and a parameter that is never learned.
    """

    def body() -> ExitCode:
        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose, weights=weights)
        _report(request, request.checked())
        return ExitCode.OK

    run(form, body)


def _report(request: Request, checked: Checked) -> None:
    from syncml.cli.streams import stream_rows
    from syncml.diagnostics import Collector
    from syncml.training.unlearned import without_learning
    from syncml.verify.influence import without_influence
    from syncml.verify.undefined import undefined_outputs
    from syncml.verify.units import infer_units

    program = checked.program
    warnings = (*undefined_outputs(program), *without_influence(program), *without_learning(program))

    match request.form:
        case Format.TEXT:
            if not request.quiet:
                units = infer_units(checked.program, Collector())
                for each in checked.program.nodes if request.verbose else [checked.main]:
                    _print_node(each, units.get(each.name, {}), checked)
                    _print_buffers([use for use in checked.buffers if use.node.name == each.name])
                echo(f"{request.target}: well-typed, well-clocked, causal, initialised")
            emit(warnings)
        case Format.CONCISE:
            for row in stream_rows(checked.main):
                echo(f"{checked.main.span.file}:{row.line}: {row.role} {row.name}: {row.type} {row.clock}")
            emit(warnings, request.form)
        case Format.JSON:
            from syncml.cli.check_json import render_check

            sys.stdout.write(render_check(request.target, checked, warnings))
        case Format.SARIF | Format.GITHUB:
            emit(warnings, request.form)


def _print_buffers(buffers: list[BufferUse]) -> None:
    from syncml.cli.streams import buffer_row
    from syncml.cli.tables import print_table

    if buffers:
        rows = [buffer_row(use) for use in buffers]
        print_table(
            ("  buffer", "written at", "read at", "size", "first", "longest wait", "line"),
            [
                (f"  {r.stream}", r.writer, r.reader, str(r.size), str(r.initial), r.wait or "-", str(r.line))
                for r in rows
            ],
        )
        echo()


def _print_node(node: Node, units: Units, checked: Checked) -> None:
    from syncml.cli.streams import demand_line, pass_line, segment_rows, stream_rows
    from syncml.cli.tables import print_table
    from syncml.ir.rates import in_hertz

    rate = "" if node.rate is None else f", {in_hertz(node.rate)}"
    echo(f"node {node.label}{rate}")
    columns = ["  stream", "role", "type", "rate", "clock", "line"]
    described = list(stream_rows(node, units))
    rows = [[f"  {r.name}", r.role.value, r.type, r.rate or "-", r.clock, str(r.line)] for r in described]
    if any(r.unit for r in described):
        columns.insert(3, "unit")
        for row, r in zip(rows, described, strict=True):
            row.insert(3, r.unit or "-")
    if any(r.ahead != 0 or r.late for r in described):
        columns.insert(-1, "ahead")
        for row, r in zip(rows, described, strict=True):
            behind = "segment before" if r.late else "-"
            row.insert(-1, behind if r.ahead == 0 else "segment" if r.ahead is None else str(r.ahead))
    print_table(columns, rows)
    for segment in segment_rows(node, checked.early, checked.chosen):
        echo(f"  {pass_line(segment)}")
        if segment.has_sweeps:
            echo(f"    {demand_line(segment)}")
    echo()
