"""The formats of one line per diagnostic: concise, and GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterable

from syncml.diagnostics.model import Diagnostic, Severity
from syncml.diagnostics.source import shown_path, uri_path

GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """Render `file:line:column: error[C001] message`, as editors and compilers understand it."""
    return "".join(f"{_concise(diagnostic)}\n" for diagnostic in diagnostics)


def _concise(diagnostic: Diagnostic) -> str:
    message = f"{diagnostic.severity}[{diagnostic.code}] {diagnostic.message}"
    span = diagnostic.span
    if span is None:
        return message
    return f"{shown_path(span.file)}:{span.line}:{span.column}: {message}"


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Render workflow commands that GitHub shows at the lines of a pull request."""
    return "".join(f"{_github(diagnostic)}\n" for diagnostic in diagnostics)


def _github(diagnostic: Diagnostic) -> str:
    properties: dict[str, str] = {}
    if (span := diagnostic.span) is not None:
        properties |= {"file": uri_path(span.file), "line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:  # GitHub rejects columns on a span of several lines.
            properties |= {"col": str(span.column), "endColumn": str(span.end_column)}
    properties["title"] = f"syncml {diagnostic.code}"
    listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    help_lines = () if diagnostic.help is None else (f"help: {diagnostic.help}",)
    message = "\n".join((diagnostic.message, *diagnostic.notes, *help_lines))
    return f"::{GITHUB_LEVELS[diagnostic.severity]} {listed}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
