"""Cores of proofs for people: the lines of the program that a proof needs, and those that no proof needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from syncml.diagnostics import Span
from syncml.diagnostics.source import shown_path
from syncml.verify import Core, Proved, Unreachable, VerificationReport


class Lines:
    """The text of lines of source files; each file is read once."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def of(self, spans: Iterable[Span]) -> Iterator[tuple[str, int, str]]:
        """Each line of `spans` once, in order: file, number, text (empty if the file cannot be read)."""
        places = sorted({(span.file, span.line) for span in spans})
        for file, line in places:
            if file not in self._files:
                self._files[file] = _read(file)
            text = self._files[file]
            yield shown_path(file), line, text[line - 1].strip() if 0 < line <= len(text) else ""


def _read(file: str) -> list[str]:
    try:
        return Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def core_lines(report: VerificationReport) -> Iterator[str]:
    """What each proof needs, and what none does, as lines of a report."""
    lines = Lines()
    for result in report.results:
        proof = result.verdict.proof if isinstance(result.verdict, Unreachable) else result.verdict
        if isinstance(proof, Proved) and proof.core is not None:
            yield f"{result.name!r} of {result.node} needs{note(proof.core)}"
            yield from _listed(lines.of(proof.core.equations))
            yield from (f"    assumption {name!r}" for name in proof.core.assumptions)
            yield from (f"    property {name!r}" for name in proof.core.lemmas)
    if report.unused:
        yield "no proof needs"
        yield from _listed(lines.of(report.unused))


def note(core: Core) -> str:
    """How much the core says."""
    if not core.exact:
        return " (all that it reads: the solver found no smaller core in time)"
    return "" if core.minimal else " (perhaps less: time was up)"


def _listed(found: Iterable[tuple[str, int, str]]) -> Iterator[str]:
    for file, line, text in found:
        yield f"    {file}:{line}  {text}".rstrip()
