"""The diagnostic model: spans, labels, diagnostics and the exception that carries them.

Every layer reports a fault of the user's program by raising `DiagnosticError` or by adding to a
`Collector`. Nothing in this module knows how a diagnostic is printed; see `render`, `json_format`,
`sarif` and `github` for that. It imports the standard library only, so every layer may import it.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import field

from syncml.dataclass import dataclass
from syncml.diagnostics.codes import CODES


class Severity(enum.StrEnum):
    """How serious a diagnostic is. Only an error makes a program ill-formed."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of source text.

    Lines and columns count from one, columns count characters (not bytes), and `end_column` points
    one past the last character, so an empty span has `end_column == column`.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1:
            raise ValueError(f"span starts before the file: {self.line}:{self.column}")
        if (self.end_line, self.end_column) < (self.line, self.column):
            raise ValueError(f"span ends before it starts: {self}")

    @staticmethod
    def point(file: str, line: int = 1, column: int = 1) -> Span:
        """Return the empty span at one place, for faults that concern a whole file or line."""
        return Span(file, line, column, line, column)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """A span with a few words that say what is there; `text` may be empty."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: a code, one line of message, and the places and advice that explain it.

    Attributes:
        code: A key of `syncml.diagnostics.codes.CODES`; an unknown code fails at once.
        severity: Errors make a program ill-formed; warnings and notes do not.
        message: One line that names the user's own streams and values.
        primary: Where the fault is, or `None` for a fault without a place (a bad option).
        secondary: Other places that take part, such as the definition of a clock.
        notes: Further facts, one line each.
        help: The edit that repairs the program.
    """

    code: str
    severity: Severity
    message: str
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown diagnostic code {self.code!r}: add it to CODES")
        if not self.message or "\n" in self.message:
            raise ValueError(f"a diagnostic message is one non-empty line: {self.message!r}")

    @property
    def span(self) -> Span | None:
        """The primary span, if the diagnostic has a place."""
        return None if self.primary is None else self.primary.span

    @property
    def sort_key(self) -> tuple[str, int, int, int, int, str, str]:
        """Order by file, place, code and message; diagnostics without a place come first."""
        span = self.span
        if span is None:
            return ("", 0, 0, 0, 0, self.code, self.message)
        place = (span.file, span.line, span.column, span.end_line, span.end_column)
        return (*place, self.code, self.message)

    def __str__(self) -> str:
        place = "" if self.span is None else f"{self.span}: "
        return f"{place}{self.severity}[{self.code}] {self.message}"


def error(
    code: str,
    message: str,
    at: Span | None = None,
    label: str = "",
    *,
    secondary: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str | None = None,
) -> Diagnostic:
    """Build an error diagnostic; the short form that checks use."""
    primary = None if at is None else Label(at, label)
    return Diagnostic(code, Severity.ERROR, message, primary, tuple(secondary), tuple(notes), help)


class DiagnosticError(Exception):
    """Faults of the user's program, found by any layer.

    Carries at least one diagnostic. The command line prints them; a library user can read them
    from `diagnostics`.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not diagnostics:
            raise ValueError("DiagnosticError needs at least one diagnostic")
        self.diagnostics = diagnostics
        super().__init__(*diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


@dataclass(slots=True)
class Collector:
    """Collects all faults of a program, so that one run reports every root cause once.

    Two diagnostics with the same code and primary span are one fault: the first stands. A check
    that needs to know whether an earlier one failed asks `has_errors`.
    """

    _found: dict[tuple[str, Span | None, str], Diagnostic] = field(
        default_factory=dict[tuple[str, Span | None, str], Diagnostic]
    )

    def add(self, diagnostic: Diagnostic) -> None:
        """Record one diagnostic unless its root cause is already known."""
        # Without a place, the message is all that tells two faults apart.
        message = diagnostic.message if diagnostic.span is None else ""
        self._found.setdefault((diagnostic.code, diagnostic.span, message), diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record several diagnostics."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @contextmanager
    def catch(self) -> Generator[None]:
        """Turn a `DiagnosticError` raised inside the block into recorded diagnostics."""
        try:
            yield
        except DiagnosticError as fault:
            self.extend(fault.diagnostics)

    @property
    def has_errors(self) -> bool:
        """Whether an error (not just a warning or a note) was recorded."""
        return any(found.severity is Severity.ERROR for found in self._found.values())

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All recorded diagnostics, in the order of the source."""
        return tuple(sorted(self._found.values(), key=lambda found: found.sort_key))

    def raise_if_errors(self) -> None:
        """Raise one `DiagnosticError` with everything recorded, if any of it is an error."""
        if self.has_errors:
            raise DiagnosticError(*self.diagnostics)


class InternalFault(Exception):
    """A fault of the compiler itself; the command line turns it into a report bundle and exit code 70."""
