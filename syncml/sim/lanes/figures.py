"""Figures of a run, computed while it runs: extremes of streams, and how often something is false.

Rule: a figure is an equation of the program, a register on the clock of its stream, so every engine gives it the same
value: it counts the instants of that clock alone, in their order. A NaN is no extreme. The figure of a stream that was
never present is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from math import inf
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import GOALS, Apply, Equation, Fby, Node, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, I32, MACHINE_INTEGERS, Scalar, integer_range
from syncml.sim.monitor import clause_name


class Kind(Enum):
    """What a figure says of a stream."""

    LEAST = "least"
    GREATEST = "greatest"
    FALSE = "false"
    """At how many of its instants a Boolean stream is false."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure called ``name`` of a stream of the main node, or of an instance: ``acc.track.gap``."""

    name: str
    kind: Kind
    stream: str


def failures(node: Node) -> tuple[Figure, ...]:
    """For each clause of the contracts of a flat node at how many instants it fails; goals are no clauses."""
    clauses = [p for p in node.properties if p.kind not in GOALS]
    return tuple(Figure(clause_name(p), Kind.FALSE, p.holds.name) for p in clauses)


def with_figures(node: Node, figures: Sequence[Figure]) -> tuple[Node, tuple[Var, ...]]:
    """A flat node that computes figures, and the variable of each; they are no outputs yet.

    Raises:
        DiagnosticError: S001, there is no such stream, or it has no figure of that kind.
    """
    streams = {v.name: v for v in node.clocks}
    equations: list[Equation] = []
    clocks = dict(node.clocks)
    found: list[Var] = []
    for number, figure in enumerate(figures):
        if figure.stream not in streams:
            raise DiagnosticError(error("S001", f"{node.label} has no stream {figure.stream!r}", node.span))
        added = _equations(figure, streams[figure.stream], f"figure[{number}]")
        clock = node.clocks[streams[figure.stream]]
        equations += [replace(equation, clock=clock) for equation in added]
        clocks |= {equation.target: clock for equation in added}
        found.append(added[-1].target)
    extended = replace(node, equations=(*node.equations, *equations), clocks=MappingProxyType(clocks))
    return extended, tuple(found)


def _equations(figure: Figure, stream: Var, name: str) -> list[Equation]:
    """The register of a figure and its value at each instant, last."""
    before, now = (Var(f"{name}.{part}", _type(figure, stream), stream.span) for part in ("before", "now"))
    if figure.kind is Kind.FALSE:
        more = Var(f"{name}.more", I32, stream.span)
        return [
            Equation((before,), Fby(Const(0, I32), now), stream.span),
            Equation((more,), Apply(Op.ADD, (before, Const(1, I32))), stream.span),
            Equation((now,), Apply(Op.WHERE, (stream, before, more)), stream.span),
        ]
    least = figure.kind is Kind.LEAST
    following = Apply(Op.MIN if least else Op.MAX, (before, stream))
    return [
        Equation((before,), Fby(_start(stream.type, least), now), stream.span),
        Equation((now,), following, stream.span),
    ]


def _type(figure: Figure, stream: Var) -> Scalar:
    wanted = frozenset({BOOL}) if figure.kind is Kind.FALSE else FLOATS | MACHINE_INTEGERS
    if not isinstance(stream.type, Scalar) or stream.type not in wanted:
        what = "true or false" if figure.kind is Kind.FALSE else "a scalar number"
        message = f"{stream.name!r} is {stream.type}; what is {figure.kind.value} of it asks for {what}"
        raise DiagnosticError(error("S001", message, stream.span))
    return I32 if figure.kind is Kind.FALSE else stream.type


def _start(type_: object, least: bool) -> Const:
    """What every value replaces."""
    assert isinstance(type_, Scalar)
    if type_ in FLOATS:
        return Const(inf if least else -inf, type_)
    low, high = integer_range(type_)
    return Const(high if least else low, type_)
