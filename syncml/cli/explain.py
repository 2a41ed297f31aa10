"""`syncml explain`: the page of a diagnostic code."""

from __future__ import annotations

import difflib
import sys
from typing import Annotated

from syncml.cli.declared import Argument
from syncml.cli.exit import ExitCode
from syncml.cli.output import echo, run
from syncml.diagnostics import CODES, DiagnosticError, error
from syncml.diagnostics.pages import page_text
from syncml.diagnostics.render import Format
from syncml.diagnostics.text import wants_colour


def explain(
    code: Annotated[
        str | None, Argument(metavar="CODE", help="A code such as C001; without it, list all codes.")
    ] = None,
) -> None:
    """Explain a diagnostic code.

    Its page has a program that fails, and the same program repaired.
    """

    def body() -> ExitCode:
        if code is None:
            for name, entry in CODES.items():
                echo(f"{name}  {entry.title}")
            return ExitCode.OK
        name = code.upper()
        if name not in CODES:
            close = difflib.get_close_matches(name, CODES, n=1)
            advice = f"did you mean {close[0]}?" if close else "`syncml explain` lists all codes"
            raise DiagnosticError(error("U001", f"there is no code {code!r}", help=advice))
        _show(page_text(name))
        return ExitCode.OK

    run(Format.TEXT, body)


def _show(page: str) -> None:
    if not wants_colour(sys.stdout):
        echo(page, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page))
