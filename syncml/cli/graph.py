"""`syncml graph`: the block diagram of a node."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import DumpOption, FormatOption, NodeOption, QuietOption, SetOption, Target
from syncml.cli.output import echo, run
from syncml.cli.request import Request
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.graph import Diagram


def graph(
    file: Target,
    node: NodeOption = None,
    out: Annotated[
        Path | None,
        Option("--out", "-o", metavar="F.mmd|.dot|.svg", help="The file to write; Mermaid to the screen without."),
    ] = None,
    detailed: Annotated[
        bool | None,
        Option("--detailed/--overview", help="Draw every named stream, or only nodes and the interface."),
    ] = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
) -> None:
    """Draw the block diagram, with sample times."""

    def body() -> ExitCode:
        from syncml.files import write_whole
        from syncml.graph import diagram

        write = _writer(out)
        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=False)
        text = write(diagram(request.checked().program, detailed))
        if out is None:
            sys.stdout.write(text)
        else:
            write_whole(out, text.encode())
            if not quiet:
                echo(f"wrote {out}")
        return ExitCode.OK

    run(form, body)


def _writer(out: Path | None) -> Callable[[Diagram], str]:
    """Choose the format by the suffix.

    Raises:
        DiagnosticError: U001 for a suffix that no format has.
    """
    from syncml.graph import to_dot, to_mermaid, to_svg

    if out is None:
        return to_mermaid
    writers = {".mmd": to_mermaid, ".dot": to_dot, ".svg": to_svg}
    if out.suffix not in writers:
        known = ", ".join(writers)
        raise DiagnosticError(error("U001", f"no drawing format is called {out.suffix!r}", help=f"use one of {known}"))
    return writers[out.suffix]
