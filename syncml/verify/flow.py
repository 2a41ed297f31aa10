"""Where undefined first values come from and where they matter, for the analyses of initialisation."""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.diagnostics import Diagnostic, Label, Span, error
from syncml.ir.equations.syntax import Equation, Fby, Var


@dataclass(frozen=True, slots=True)
class Sink:
    """A place where an undefined value would matter."""

    span: Span
    what: str


@dataclass(frozen=True, slots=True)
class Source:
    """A `pre` without a first value, or the result of a call that hands one on."""

    span: Span
    name: str

    @staticmethod
    def of(equation: Equation, rhs: Fby) -> Source:
        """The source that a `pre` is."""
        named = isinstance(rhs.following, Var) and rhs.following.user
        return Source(equation.span, rhs.following.name if named and isinstance(rhs.following, Var) else "...")


def fault(source: Source, sink: Sink, reset: Var | None = None) -> Diagnostic:
    """I001 for a source that reaches a sink, at the first instant or at the first one after ``reset``."""
    since = "at its first instant" if reset is None else f"after a reset by {name_of(reset)}"
    return error(
        "I001",
        f"`pre({source.name})` is undefined {since} and reaches {sink.what}",
        source.span,
        f"there is no value before the {'first instant' if reset is None else 'reset'}",
        secondary=[] if sink.span == source.span else [Label(sink.span, f"it reaches {sink.what} here")],
        help=f"give a first value, `pre({source.name}, init=...)`, or one in front: `arrow(..., pre({source.name}))`",
    )


def name_of(var: Var) -> str:
    """A stream in a message."""
    return f"`{var.name}`" if var.user else "a stream"
