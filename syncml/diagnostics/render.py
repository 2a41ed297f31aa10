"""One entry for all output formats of diagnostics."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import assert_never

from syncml.diagnostics.lines import render_concise, render_github
from syncml.diagnostics.model import Diagnostic
from syncml.diagnostics.source import Sources
from syncml.diagnostics.text import render_text


class Format(enum.StrEnum):
    """How diagnostics and results are written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def render(
    diagnostics: Iterable[Diagnostic],
    form: Format,
    *,
    version: str,
    sources: Sources | None = None,
    colour: bool = False,
) -> str:
    """Render diagnostics in the given format, in the order of the source.

    Args:
        diagnostics: What to render.
        form: The output format.
        version: The version of syncml, which SARIF records.
        sources: Where the text format finds the user's lines; files by default.
        colour: Whether the text format uses terminal colours.
    """
    ordered = sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key)
    match form:
        case Format.TEXT:
            return render_text(ordered, sources or Sources(), colour=colour)
        case Format.CONCISE:
            return render_concise(ordered)
        case Format.GITHUB:
            return render_github(ordered)
        case Format.JSON:
            # pydantic is slow to import, and only this format needs it.
            from syncml.diagnostics.json_format import render_json

            return render_json(ordered)
        case Format.SARIF:
            from syncml.diagnostics.sarif import render_sarif

            return render_sarif(ordered, version)
        case _:
            assert_never(form)
