"""Initialisation where undefined values may be seen: programs read from Lustre.

Lustre V6 runs programs whose outputs are undefined at first. Such a value is the zero of its type here, in every
engine, and may reach outputs and the states of the program; it may not reach a contract or the condition of a clock,
where it would decide a proof or the presence of streams. Per stream, by the least sets with

    first(pre x)                             first(y) if first(x) and x flows into y at its first instant
    later(y)   if first(x) or later(x) and y is c fby x, pre x, or a merge that selects x after its first instant
    later(y)   if later(x) and y reads x

a stream of ``first`` is undefined at its first instant, one of ``later`` perhaps at others. The same is asked for each
reset, at which the memory that it resets begins anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import assert_never

from syncml.diagnostics import Collector, InternalFault
from syncml.ir.clocks import On, Word, steps
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.operators import Op
from syncml.verify.flow import Sink, Source, fault, name_of


def check_undefined(program: Program) -> None:
    """Check a clocked program whose outputs may be undefined at first.

    Raises:
        DiagnosticError: I001 for each `pre` whose undefined first value reaches a contract or a condition.
    """
    flat = inline(program)
    node = flat.node(flat.main)
    conditions = conditions_of(flat)[node.name]
    collector = Collector()
    beginnings = dict.fromkeys(r for e in node.equations for r in resets(e.rhs))
    for beginning in (None, *beginnings):
        for source, sink in _Flow(node, conditions, beginning).faults():
            collector.add(fault(source, sink))
    collector.raise_if_errors()


class _Flow:
    """Edges between the streams of a flat node, for its first instant or for the one after a reset."""

    def __init__(self, node: Node, conditions: Conditions, beginning: Var | None) -> None:
        self._node = node
        self._beginning = beginning
        self._conditions = conditions
        self._first = {
            e.target: e.rhs.init
            for e in node.equations
            if isinstance(e.rhs, Fby) and e.rhs.init is not None and self._begins(e.rhs)
        }
        self._sources: dict[Var, Source] = {}
        self._sinks: dict[Var, Sink] = {}
        self._now: dict[Var, list[Var]] = {}
        """Readers that are undefined at their first instant if the stream is."""
        self._reads: dict[Var, list[Var]] = {}
        """All readers."""
        self._turns: dict[Var, list[Var]] = {}
        """Readers that are undefined at a later instant if the stream is at its first."""
        for equation in node.equations:
            self._equation(equation)
        for clause in node.properties:
            self._sinks.setdefault(clause.holds, Sink(clause.span, f"the contract {clause.name!r}"))
        for var, clock in node.clocks.items():
            for step in steps(clock):
                if isinstance(step, On):
                    self._sinks.setdefault(step.condition, Sink(step.condition.span, f"the clock of {name_of(var)}"))

    def faults(self) -> Iterator[tuple[Source, Sink]]:
        """Each source with a sink that it reaches."""
        first = self._closure(dict(self._sources), (self._now,))
        started = {reader: first[var] for var in first for reader in self._turns.get(var, ())}
        later = self._closure(started, (self._reads, self._turns))
        for reached in (first, later):
            for var, sink in self._sinks.items():
                if var in reached:
                    yield reached[var], sink

    def _closure(self, start: dict[Var, Source], edges: Sequence[dict[Var, list[Var]]]) -> dict[Var, Source]:
        """Everything that the start reaches, and the source that it comes from."""
        found = dict(start)
        queue = deque(start)
        while queue:
            var = queue.popleft()
            for reader in (r for table in edges for r in table.get(var, ())):
                if reader not in found:
                    found[reader] = found[var]
                    queue.append(reader)
        return found

    def _equation(self, equation: Equation) -> None:
        rhs = equation.rhs
        match rhs:
            case Apply():
                self._edges(self._reads, rhs.arguments, equation.target)
                self._edges(self._now, self._operands(rhs), equation.target)
            case Fby():
                if rhs.init is None and self._begins(rhs):
                    self._sources[equation.target] = Source.of(equation, rhs)
                self._edges(self._turns, (rhs.following,), equation.target)
            case When():
                self._edges(self._reads, (rhs.source,), equation.target)
                if self._selects_first(rhs.condition, rhs.constructor) is not False:
                    self._edges(self._now, (rhs.source,), equation.target)
            case Merge():
                for constructor, atom in rhs.branches:
                    selected = self._selects_first(rhs.condition, constructor)
                    self._edges(self._reads, (atom,), equation.target)
                    if selected is not False:
                        self._edges(self._now, (atom,), equation.target)
                    if selected is not True:
                        self._edges(self._turns, (atom,), equation.target)
            case Wave():
                pass
            case Post():
                # From which instant a value comes is not followed: every one may be the first.
                for edges in (self._reads, self._now, self._turns):
                    self._edges(edges, (rhs.following, rhs.init), equation.target)
            case Pack():
                for edges in (self._reads, self._now, self._turns):
                    self._edges(edges, (rhs.source,), equation.target)
            case Call() | Iterate() | Buffer():
                raise InternalFault(f"{equation.targets} is not lowered")
            case _:
                assert_never(rhs)

    def _begins(self, rhs: Fby) -> bool:
        """Whether this memory has its first value at the instant in question."""
        return self._beginning is None or self._beginning in rhs.resets

    def _operands(self, rhs: Apply) -> tuple[Atom, ...]:
        """The operands whose first value matters for the first value of the result."""
        if rhs.op is Op.WHERE:
            condition, then, otherwise = rhs.arguments
            selected = self._selects_first(condition, True)
            if selected is not None:
                return (then,) if selected else (otherwise,)
        return rhs.arguments

    def _selects_first(self, condition: Atom, constructor: bool | str) -> bool | None:
        selection = self._conditions.select(condition, constructor)
        if isinstance(selection, Word):
            return bool(selection.at(0)) if self._beginning is None else None
        root, wanted = selection
        return self._first[root].value == wanted if root in self._first else None

    def _edges(self, table: dict[Var, list[Var]], atoms: Sequence[Atom], target: Var) -> None:
        for atom in atoms:
            if isinstance(atom, Var):
                table.setdefault(atom, []).append(target)
