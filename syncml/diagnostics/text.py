"""The text format: the user's line with carets, labels, notes and help.

error[C001]: clocks do not match: `v` is at 100 Hz, `gap` at 25 Hz
  --> pipeline.py:12:11
   |
 9 |     gap = sample(radar, to=Hz(25))
   |           ------------------------ `gap` is at 25 Hz
...
12 |     err = v + gap
   |           ^^^^^^^ both sides must be present at the same instants
   |
   = help: write `hold(gap, init=0.0)`
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TextIO

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Label, Severity, Span
from syncml.diagnostics.source import Sources, shown_path, visible

RESET = "\x1b[0m"
BOLD = "\x1b[1m"
FRAME = "\x1b[1;34m"
SECONDARY = "\x1b[1;36m"
TINTS = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
}

# A span of more lines than this is shown by its first lines and its last.
LONGEST_WHOLE_SPAN = 4


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour what goes to `stream`, by the NO_COLOR and FORCE_COLOR conventions."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def render_text(diagnostics: Iterable[Diagnostic], sources: Sources, *, colour: bool = False) -> str:
    """Render each diagnostic with its code frame, with an empty line between two."""
    painter = _Painter(sources, colour)
    return "\n".join("\n".join(painter.diagnostic(diagnostic)) + "\n" for diagnostic in diagnostics)


@dataclass(frozen=True, slots=True)
class _Underline:
    """The part of a label that lies on one line."""

    line: int
    start: int  # terminal columns, from zero
    stop: int
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class _Painter:
    sources: Sources
    colour: bool

    def paint(self, tint: str, text: str) -> str:
        return f"{tint}{text}{RESET}" if self.colour and text else text

    def diagnostic(self, diagnostic: Diagnostic) -> Iterator[str]:
        tint = TINTS[diagnostic.severity]
        head = self.paint(tint, f"{diagnostic.severity}[{diagnostic.code}]")
        yield head + self.paint(BOLD, f": {diagnostic.message}")

        frames = _by_file(diagnostic)
        margin = max((_margin(labels) for _, labels in frames), default=0)
        for position, (file, labels) in enumerate(frames):
            arrow = "-->" if position == 0 else ":::"
            place = labels[0].span
            yield f"{' ' * margin}{self.paint(FRAME, arrow)} {shown_path(file)}:{place.line}:{place.column}"
            yield from self.frame(labels, diagnostic.primary, tint, margin)

        gutter = " " * margin + self.paint(FRAME, " = ")
        for note in diagnostic.notes:
            yield f"{gutter}{self.paint(BOLD, 'note')}: {note}"
        if diagnostic.help is not None:
            first, *more = diagnostic.help.split("\n")
            yield f"{gutter}{self.paint(BOLD, 'help')}: {first}"
            yield from (f"{' ' * (margin + 9)}{line}" for line in more)

    def frame(self, labels: list[Label], primary: Label | None, tint: str, margin: int) -> Iterator[str]:
        """Print the labelled lines of one file, or the labels alone if its text is not there."""
        bar = self.paint(FRAME, " |")
        underlines: list[_Underline] = []
        for label in labels:
            found = list(self.underlines(label, "^" if label is primary else "-"))
            if not found and label.text:
                yield f"{' ' * margin}{self.paint(FRAME, ' = ')}line {label.span.line}: {label.text}"
            underlines.extend(found)
        if not underlines:
            return
        yield " " * margin + bar
        previous: int | None = None
        for number in sorted({underline.line for underline in underlines}):
            if previous is not None and number > previous + 1:
                yield self.paint(FRAME, "...")
            previous = number
            text, _ = visible(self.sources.line(labels[0].span.file, number) or "")
            yield self.paint(FRAME, f"{number:>{margin}} | ") + text.rstrip()
            for underline in (each for each in underlines if each.line == number):
                marks = underline.mark * max(underline.stop - underline.start, 1)
                caption = f"{marks} {underline.text}".rstrip()
                coloured = self.paint(tint if underline.mark == "^" else SECONDARY, caption)
                yield f"{' ' * margin}{bar} {' ' * underline.start}{coloured}"
        yield " " * margin + bar

    def underlines(self, label: Label, mark: str) -> Iterator[_Underline]:
        """Cut a label into lines; its text goes under the last one."""
        span = label.span
        for number in _lines_shown(span):
            line = self.sources.line(span.file, number)
            if line is None:
                continue
            _, columns = visible(line)
            first = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
            last = span.end_column - 1 if number == span.end_line else len(line.rstrip())
            start = columns[min(first, len(line))]
            stop = columns[min(max(last, first), len(line))]
            yield _Underline(number, start, stop, mark, label.text if number == span.end_line else "")


def _by_file(diagnostic: Diagnostic) -> list[tuple[str, list[Label]]]:
    """Group the labels by file; the primary label comes first and so does its file."""
    groups: dict[str, list[Label]] = {}
    labels = diagnostic.secondary if diagnostic.primary is None else (diagnostic.primary, *diagnostic.secondary)
    for label in labels:
        groups.setdefault(label.span.file, []).append(label)
    return list(groups.items())


def _lines_shown(span: Span) -> list[int]:
    numbers = list(range(span.line, span.end_line + 1))
    if len(numbers) <= LONGEST_WHOLE_SPAN:
        return numbers
    return [*numbers[: LONGEST_WHOLE_SPAN - 2], numbers[-1]]


def _margin(labels: list[Label]) -> int:
    return max(len(str(label.span.end_line)) for label in labels) + 1
