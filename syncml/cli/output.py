"""How commands end: diagnostics on the right stream, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TextIO

import syncml
from syncml.cli.exit import ExitCode, exit_code
from syncml.diagnostics import Diagnostic, DiagnosticError
from syncml.diagnostics.render import Format, render
from syncml.diagnostics.text import wants_colour


def emit(diagnostics: Sequence[Diagnostic], form: Format = Format.TEXT, stream: TextIO | None = None) -> None:
    """Write diagnostics: text for a person to standard error, the other formats to standard output.

    A command whose result are diagnostics gives the `stream`.
    """
    usual: TextIO = sys.stderr if form is Format.TEXT else sys.stdout
    chosen = usual if stream is None else stream
    chosen.write(render(diagnostics, form, version=syncml.__version__, colour=wants_colour(chosen)))
    chosen.flush()


def echo(text: str = "", *, err: bool = False, end: str = "\n") -> None:
    """Write a line for a person, at once."""
    stream = sys.stderr if err else sys.stdout
    stream.write(text + end)
    stream.flush()


@contextmanager
def working(what: str, *, quiet: bool) -> Generator[None]:
    """Show on a terminal that something takes a while."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    # Without a thread that draws: a process with threads cannot be copied for the solvers.
    sys.stderr.write(f"{what} ..")
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def run(form: Format, body: Callable[[], ExitCode]) -> None:
    """Run the body of a command and exit; no exception of it reaches the screen as a traceback."""
    try:
        code = body()
    except DiagnosticError as fault:
        emit(fault.diagnostics, form)
        code = exit_code(fault.diagnostics)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:  # The reader of our output went away; typer ends quietly.
        raise
    except Exception as fault:
        from syncml.cli.fault import internal_fault

        emit([internal_fault(fault)], form)
        code = ExitCode.INTERNAL
    sys.exit(code)
