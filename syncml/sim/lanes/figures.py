"""Figures of a run, computed while it runs: extremes and last values, how often something is false, from when on.

Rule: a figure is an equation of the program, a register on the clock of its stream, so every engine gives it the same
value: it counts the instants of that clock alone, in their order. A NaN is no extreme. The figure of a stream that was
never present is 0. A tick is counted on the base clock and sampled down to the clock of the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from math import inf
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import BASE, Clock, On, steps
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import GOALS, Apply, Equation, Fby, Node, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, I32, MACHINE_INTEGERS, Scalar, integer_range
from syncml.sim.monitor import clause_name


class Kind(Enum):
    """What a figure says of a stream."""

    LEAST = "least"
    GREATEST = "greatest"
    LAST = "last"
    FALSE = "false"
    """At how many of its instants a Boolean stream is false."""
    FIRST = "first"
    """1 more than the base tick at which a Boolean stream is first false, 0 if it never is."""


TRUTHS = frozenset({Kind.FALSE, Kind.FIRST})
"""The kinds of a Boolean stream."""


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
    found: list[Var] = []
    ticks = _Ticks(node)
    for number, figure in enumerate(figures):
        if figure.stream not in streams:
            raise DiagnosticError(error("S001", f"{node.label} has no stream {figure.stream!r}", node.span))
        stream = streams[figure.stream]
        clock = node.clocks[stream]
        added = _equations(figure, stream, f"figure[{number}]", ticks.on(clock) if figure.kind is Kind.FIRST else None)
        equations += [replace(equation, clock=clock) for equation in added]
        found.append(added[-1].target)
    equations += ticks.equations
    clocks = dict(node.clocks) | {e.target: e.clock for e in equations if e.clock is not None}
    extended = replace(node, equations=(*node.equations, *equations), clocks=MappingProxyType(clocks))
    return extended, tuple(found)


class _Ticks:
    """1 more than the number of the base tick, on each clock that asks for it."""

    def __init__(self, node: Node) -> None:
        self.equations: list[Equation] = []
        self._span = node.span
        self._known: dict[Clock, Var] = {}
        self._named = 0

    def on(self, clock: Clock) -> Var:
        """The variable that has it on ``clock``."""
        if BASE not in self._known:
            last, now = self._var(I32), self._var(I32)
            self._add(last, Fby(Const(0, I32), now), BASE)
            self._add(now, Apply(Op.ADD, (last, Const(1, I32))), BASE)
            self._known[BASE] = now
        for step in steps(clock):
            if step not in self._known:
                if isinstance(step, On):
                    condition, constructor = step.condition, step.constructor
                else:
                    condition, constructor = self._var(BOOL), True
                    self._add(condition, Wave(step.word), step.parent)
                sampled = self._var(I32)
                self._add(sampled, When(self._known[step.parent], condition, constructor), step)
                self._known[step] = sampled
        return self._known[clock]

    def _var(self, type_: Scalar) -> Var:
        self._named += 1
        return Var(f"figures.tick[{self._named}]", type_, self._span)

    def _add(self, target: Var, rhs: Fby | Apply | When | Wave, clock: Clock) -> None:
        self.equations.append(Equation((target,), rhs, self._span, clock))


def _equations(figure: Figure, stream: Var, name: str, tick: Var | None) -> list[Equation]:
    """The register of a figure and its value at each instant, last."""
    type_ = _type(figure, stream)

    def var(part: str, type_: Scalar = type_) -> Var:
        return Var(f"{name}.{part}", type_, stream.span)

    def is_(target: Var, rhs: Apply | Fby) -> Equation:
        return Equation((target,), rhs, stream.span)

    before, now = var("before"), var("now")
    match figure.kind:
        case Kind.FALSE:
            more = var("more")
            return [
                is_(before, Fby(Const(0, I32), now)),
                is_(more, Apply(Op.ADD, (before, Const(1, I32)))),
                is_(now, Apply(Op.WHERE, (stream, before, more))),
            ]
        case Kind.FIRST:
            assert tick is not None, "the tick of a first failure is asked for"
            known, settled = var("known", BOOL), var("settled", BOOL)
            return [
                is_(before, Fby(Const(0, I32), now)),
                is_(known, Apply(Op.GT, (before, Const(0, I32)))),
                is_(settled, Apply(Op.OR, (stream, known))),
                is_(now, Apply(Op.WHERE, (settled, before, tick))),
            ]
        case Kind.LAST:
            return [is_(now, Apply(Op.COPY, (stream,)))]
        case Kind.LEAST | Kind.GREATEST:
            least = figure.kind is Kind.LEAST
            return [
                is_(before, Fby(_start(stream.type, least), now)),
                is_(now, Apply(Op.MIN if least else Op.MAX, (before, stream))),
            ]


def _type(figure: Figure, stream: Var) -> Scalar:
    wanted = frozenset({BOOL}) if figure.kind in TRUTHS else FLOATS | MACHINE_INTEGERS
    if not isinstance(stream.type, Scalar) or stream.type not in wanted:
        what = "true or false" if figure.kind in TRUTHS else "a scalar number"
        message = f"{stream.name!r} is {stream.type}; what is {figure.kind.value} of it asks for {what}"
        raise DiagnosticError(error("S001", message, stream.span))
    return I32 if figure.kind in TRUTHS else stream.type


def _start(type_: object, least: bool) -> Const:
    """What every value replaces."""
    assert isinstance(type_, Scalar)
    if type_ in FLOATS:
        return Const(inf if least else -inf, type_)
    low, high = integer_range(type_)
    return Const(high if least else low, type_)
