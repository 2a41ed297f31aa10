"""Initialisation where undefined values may be seen: programs read from Lustre.

Lustre V6 runs programs whose outputs are undefined at first. Such a value is the zero of its type here, in every
engine, and may reach outputs and the states of the program; it may not reach a contract or the condition of a clock,
where it would decide a proof or the presence of streams. Per stream, by the least sets with

    first(pre x)                             first(y) if first(x) and x flows into y at its first instant
    later(y)   if first(x) or later(x) and y is c fby x, pre x, or a merge that selects x after its first instant
    later(y)   if later(x) and y reads x

a stream of ``first`` is undefined at its first instant, one of ``later`` perhaps at others. Which branch is taken at a
first instant is known from the first values of memory, and from what is assumed: `assert c -> true` says that c is true
then. The same is asked for each reset, at which the memory that it resets begins anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import assert_never

from syncml.diagnostics import Collector, Diagnostic, InternalFault, Label, Severity, Span
from syncml.ir.clocks import On, Word, steps
from syncml.ir.constants import Const
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
    PropertyKind,
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
    collector = Collector()
    for flow in _flows(program):
        for source, sink in flow.faults():
            collector.add(fault(source, sink))
    collector.raise_if_errors()


def undefined_outputs(program: Program) -> tuple[Diagnostic, ...]:
    """A warning (I002) for each output of the main node that may be undefined, where that is allowed.

    An array or a record has one, for the first of its leaves.

    Args:
        program: Clocked equations that passed the checks.
    """
    found: dict[Span, Diagnostic] = {}
    for flow in _flows(program) if program.undefined_first else ():
        for var, source, when in flow.outputs():
            found.setdefault(var.span, _warning(var, source, when))
    return tuple(sorted(found.values(), key=lambda d: d.sort_key))


def _flows(program: Program) -> Iterator[_Flow]:
    """What is undefined from the first instant on, and from each reset on."""
    flat = inline(program)
    node = flat.node(flat.main)
    conditions = conditions_of(flat)[node.name]
    beginnings = dict.fromkeys(r for e in node.equations for r in resets(e.rhs))
    for beginning in (None, *beginnings):
        yield _Flow(node, conditions, beginning)


def _warning(output: Var, source: Source, when: str) -> Diagnostic:
    return Diagnostic(
        "I002", Severity.WARNING, f"the output `{output.name}` is undefined {when}, and zero here",
        Label(source.span, "this has no value before its first one"),
        secondary=(Label(output.span, f"`{output.name}`"),) if output.span != source.span else (),
        help="give a first value: `0 -> pre x` in the place of `pre x`",
    )  # fmt: skip


class _Flow:
    """Edges between the streams of a flat node, for its first instant or for the one after a reset."""

    def __init__(self, node: Node, conditions: Conditions, beginning: Var | None) -> None:
        self._node = node
        self._beginning = beginning
        self._conditions = conditions
        self._first: dict[Var, Const] = {
            e.target: e.rhs.init
            for e in node.equations
            if isinstance(e.rhs, Fby) and e.rhs.init is not None and self._begins(e.rhs)
        }
        self._assumed: dict[Var, bool] = {}
        if beginning is None:
            self._assumed = self._assumptions()
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
        for reached in self._reached():
            for var, sink in self._sinks.items():
                if var in reached:
                    yield reached[var], sink

    def outputs(self) -> Iterator[tuple[Var, Source, str]]:
        """Each output that a source reaches, and when."""
        begins = "at its first instant" if self._beginning is None else "after a reset"
        for reached, when in zip(self._reached(), (begins, "at some instants"), strict=True):
            for var in self._node.outputs:
                if var in reached:
                    yield var, reached[var], when

    def _reached(self) -> tuple[dict[Var, Source], dict[Var, Source]]:
        """The streams of ``first`` and those of ``later``, each with a source that it is undefined by."""
        first = self._closure(dict(self._sources), (self._now,))
        started = {reader: first[var] for var in first for reader in self._turns.get(var, ())}
        return first, self._closure(started, (self._reads, self._turns))

    def _assumptions(self) -> dict[Var, bool]:
        """What conditions are at their first instants by the assumptions; operators keep clocks."""
        definitions = {e.target: e.rhs for e in self._node.equations if isinstance(e.rhs, Apply)}
        kinds = (PropertyKind.ASSUME, PropertyKind.REQUIRE)
        stack: list[tuple[Atom, bool]] = [(p.holds, True) for p in self._node.properties if p.kind in kinds]
        found: dict[Var, bool] = {}
        while stack:
            atom, value = stack.pop()
            root, negated = (atom, False) if isinstance(atom, Const) else self._conditions.root(atom)
            if not isinstance(root, Var) or root in found:
                continue
            found[root] = value = value != negated
            definition = definitions.get(root)
            match definition:
                case Apply(Op.AND, operands) if value:
                    stack += [(a, True) for a in operands]
                case Apply(Op.OR, operands) if not value:
                    stack += [(a, False) for a in operands]
                case Apply(Op.EQ, (left, Const(bool(wanted)))) | Apply(Op.EQ, (Const(bool(wanted)), left)):
                    stack.append((left, wanted == value))
                case Apply(Op.WHERE) if len(operands := self._operands(definition)) == 1:
                    stack.append((operands[0], value))
                case _:
                    pass
        return found

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
        if root in self._first:
            return self._first[root].value == wanted
        return self._assumed[root] == wanted if root in self._assumed else None

    def _edges(self, table: dict[Var, list[Var]], atoms: Sequence[Atom], target: Var) -> None:
        for atom in atoms:
            if isinstance(atom, Var):
                table.setdefault(atom, []).append(target)
