"""Initialisation: no value that is undefined at a first instant matters.

Types, one bit for each stream: 0 is defined always, 1 is defined from the second instant of its clock on. ``<=`` reads
"may flow into".

    pre x : 1  if x : 0                      c fby x : 0  if x : 0
    op(a, ..)      : the maximum             where(c, a, b) : a  if c is true at its first instant, b if it is false
    x when C(c)    : x; 0 if c is known not to be C at its first instant
    merge c ..     : the branch that c is known to select first; all others 0
    f(a, ..), f^n  : the maximum of those arguments that reach the output, and of what f leaves undefined itself

Conditions, contracts, the next value of a state and the outputs of the main node are 0. A node is polymorphic: which
inputs reach which outputs, and which inputs have to be 0, is found once for each node.

A reset makes a new first instant, for what it resets and for nothing else: for each reset r the same is asked again,
with 1 for what is undefined at the first instant after r, where only memory that r resets is known to have its first
value. No output of a node may be undefined then, for its callers do not see r.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeAlias, assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics import Collector, Diagnostic, InternalFault
from syncml.ir.clocks import ALWAYS, On, Word, steps
from syncml.ir.constants import Const
from syncml.ir.equations.conditions import NEVER, Conditions, conditions_of
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
    Rhs,
    Var,
    Wave,
    When,
    atoms,
    resets,
)
from syncml.ir.graphs import components
from syncml.ir.operators import Op
from syncml.verify.flow import Sink, Source, fault, name_of
from syncml.verify.undefined import check_undefined


class _Start(Enum):
    """The first instant of a node, and an instant at which only its caller, or what it is called with, is reset."""

    OWN = "own"
    FOREIGN = "foreign"


_Beginning: TypeAlias = Var | _Start
"""What makes the first instant that is looked at; a variable is a reset."""


@dataclass(frozen=True, slots=True)
class _Signature:
    """The polymorphic type of a node.

    Each output is 1 if one of its ``inputs`` is, or always where it has a ``source``; ``required`` are the inputs that
    have to be 0, and why.
    """

    inputs: tuple[frozenset[int], ...]
    sources: tuple[Source | None, ...]
    required: Mapping[int, Sink]


_Signatures: TypeAlias = Mapping[tuple[str, _Start], _Signature]


def check_initialisation(program: Program) -> None:
    """Check a clocked program.

    Raises:
        DiagnosticError: I001 for each `pre` whose undefined first value matters.
    """
    if program.undefined_first:
        check_undefined(program)
        return
    collector = Collector()
    conditions = conditions_of(program)
    signatures: dict[tuple[str, _Start], _Signature] = {}
    has_resets = any(resets(e.rhs) for node in program.nodes for e in node.equations)
    for node in program.nodes:
        flow = _Flow(node, conditions[node.name], signatures, _Start.OWN, is_main=node.name == program.main)
        faults = list(flow.faults())
        signatures[node.name, _Start.OWN] = flow.signature()
        if has_resets:
            foreign = _Flow(node, conditions[node.name], signatures, _Start.FOREIGN, is_main=False)
            signatures[node.name, _Start.FOREIGN] = foreign.signature()
        for reset, equations in _after_resets(node, signatures).items():
            known = {found.span for found in faults}
            later = _Flow(node, conditions[node.name], signatures, reset, is_main=True, equations=equations)
            faults += [found for found in later.faults() if found.span not in known]
        collector.extend(faults)
    collector.raise_if_errors()


def _after_resets(node: Node, signatures: _Signatures) -> Mapping[Var, tuple[Equation, ...]]:
    """For each reset that makes something undefined, the equations that this may reach within an instant."""
    undefined: dict[Var, list[Equation]] = {}
    for equation in node.equations:
        rhs = equation.rhs
        if (isinstance(rhs, Fby) and rhs.init is None) or (
            isinstance(rhs, Call | Iterate) and any(signatures[rhs.node, _Start.OWN].sources)
        ):
            for reset in resets(rhs):
                undefined.setdefault(reset, []).append(equation)
    if not undefined:
        return {}
    readers: dict[Var, list[Equation]] = {}
    for equation in node.equations:
        for atom in atoms(equation.rhs):
            if isinstance(atom, Var):
                readers.setdefault(atom, []).append(equation)
    found: dict[Var, tuple[Equation, ...]] = {}
    for reset, origins in undefined.items():
        reached = {id(e) for e in origins}
        stack = list(origins)
        while stack:
            for target in stack.pop().targets:
                for reader in readers.get(target, ()):
                    if id(reader) not in reached:
                        reached.add(id(reader))
                        stack += [] if isinstance(reader.rhs, Fby) else [reader]
        found[reset] = tuple(e for e in node.equations if id(e) in reached)
    return found


class _Flow:
    """Where undefined first values come from, how they flow and where they matter, in a node or a part of it."""

    def __init__(
        self,
        node: Node,
        conditions: Conditions,
        signatures: _Signatures,
        beginning: _Beginning,
        *,
        is_main: bool,
        equations: tuple[Equation, ...] | None = None,
    ) -> None:
        self._node = node
        self._conditions = conditions
        self._signatures = signatures
        self._beginning = beginning
        self._first: dict[Var, object] = dict(filter(None, map(self._first_value, node.equations)))
        self._streams = [*node.inputs, *(t for e in node.equations for t in e.targets)]
        self._number = {var: i for i, var in enumerate(self._streams)}
        self._from: list[list[int]] = [[] for _ in self._streams]
        self._sources: dict[int, Source] = {}
        self._sinks: dict[int, Sink] = {}
        for equation in node.equations if equations is None else equations:
            self._equation(equation)
        for var, sink in self._outer_sinks(is_main):
            self._sink(var, sink)
        self._reached = self._towards_sinks()

    def faults(self) -> Iterator[Diagnostic]:
        """I001 for each source that reaches a sink."""
        for number, source in self._sources.items():
            if number in self._reached:
                yield fault(
                    source, self._reached[number], self._beginning if isinstance(self._beginning, Var) else None
                )

    def signature(self) -> _Signature:
        """The type of the node for its callers; what has been reported is taken to be defined."""
        count = len(self._node.inputs)
        masks = [1 << i if i < count else 0 for i in range(len(self._streams))]
        source: list[Source | None] = [None] * len(self._streams)
        for number, found in self._sources.items():
            source[number] = None if number in self._reached else found
        for component in components(self._from):
            mask, cause = 0, None
            for number in component:
                for other in (number, *self._from[number]):
                    mask |= masks[other]
                    cause = cause or source[other]
            for number in component:
                masks[number], source[number] = mask, cause
        outputs = [self._number[var] for var in self._node.outputs]
        return _Signature(
            tuple(frozenset(i for i in range(count) if masks[n] >> i & 1) for n in outputs),
            tuple(source[n] for n in outputs),
            {n: sink for n, sink in self._reached.items() if n < count},
        )

    def _begins(self, rhs: Rhs) -> bool:
        """Whether the memory of ``rhs`` is new at the instant that is looked at."""
        return self._beginning is _Start.OWN or self._beginning in resets(rhs)

    def _first_value(self, equation: Equation) -> tuple[Var, object] | None:
        """A stream and its value at that instant, where it is known."""
        match equation.rhs:
            case Fby(Const() as init) as rhs if self._begins(rhs):
                return equation.target, init.value
            case Wave(word, [_, *_]) as rhs if self._begins(rhs):
                return equation.target, bool(word.at(0))
            case _:
                return None

    def _equation(self, equation: Equation) -> None:
        rhs = equation.rhs
        match rhs:
            case Apply():
                self._flows(equation.target, *self._operands(rhs))
            case Fby():
                if rhs.init is None:
                    if self._begins(rhs):
                        self._sources[self._number[equation.target]] = Source.of(equation, rhs)
                    self._sink(rhs.following, Sink(equation.span, "another `pre`"))
                else:
                    self._sink(rhs.following, Sink(equation.span, f"the next value of {name_of(equation.target)}"))
            case When():
                self._sink(rhs.condition, Sink(equation.span, "a condition"))
                if self._selects_first(rhs.condition, rhs.constructor) is not False:
                    self._flows(equation.target, rhs.source)
            case Merge():
                self._sink(rhs.condition, Sink(equation.span, "the condition of a merge"))
                for constructor, atom in rhs.branches:
                    if self._selects_first(rhs.condition, constructor):
                        self._flows(equation.target, atom)
                    else:
                        self._sink(atom, Sink(equation.span, "a branch of a merge that may come later"))
            case Wave():
                pass
            case Post():
                self._flows(equation.target, rhs.following, rhs.init)
            case Pack():
                self._sink(rhs.source, Sink(equation.span, "a packed segment"))
            case Call() | Iterate():
                self._call(equation, rhs)
            case Buffer():
                raise InternalFault(f"the buffer {equation.target.name} is not lowered")
            case _:
                assert_never(rhs)

    def _operands(self, rhs: Apply) -> tuple[Atom, ...]:
        """The operands whose first value matters for the first value of the result."""
        if rhs.op is Op.WHERE:
            condition, then, otherwise = rhs.arguments
            selected = self._selects_first(condition, True)
            if selected is not None:
                return (then,) if selected else (otherwise,)
        return rhs.arguments

    def _call(self, equation: Equation, call: Call | Iterate) -> None:
        """What the node says; the result of an accumulator is also an argument, of the next element."""
        carried = call.carried if isinstance(call, Iterate) else 0
        signature = self._signatures[call.node, _Start.OWN if self._begins(call) else _Start.FOREIGN]
        for position, target in enumerate(equation.targets):
            inputs = sorted(signature.inputs[position])
            self._flows(
                target, *(call.arguments[i] for i in inputs), *(equation.targets[i] for i in inputs if i < carried)
            )
            source = signature.sources[position]
            if source is not None:
                self._sources[self._number[target]] = source
        for position, sink in signature.required.items():
            self._sink(call.arguments[position], sink)
            if position < carried:
                self._sink(equation.targets[position], sink)

    def _selects_first(self, condition: Atom, constructor: bool | str) -> bool | None:
        """Whether ``condition`` equals ``constructor`` at the first instant of its clock; None if that is open."""
        selection = self._conditions.select(condition, constructor)
        if isinstance(selection, Word):
            settled = self._beginning is _Start.OWN or selection in (ALWAYS, NEVER)
            return bool(selection.at(0)) if settled else None
        root, wanted = selection
        return self._first[root] == wanted if root in self._first else None

    def _outer_sinks(self, is_main: bool) -> Iterator[tuple[Var, Sink]]:
        for clause in self._node.properties:
            yield clause.holds, Sink(clause.span, f"the contract {clause.name!r}")
        for var in (*self._node.inputs, *self._node.outputs):
            for step in steps(self._node.clocks[var]):
                if isinstance(step, On):
                    yield step.condition, Sink(var.span, f"the clock of {name_of(var)}")
        if is_main:
            for var in self._node.outputs:
                yield var, Sink(var.span, f"output {name_of(var)}")

    def _flows(self, target: Var, *atoms: Atom) -> None:
        self._from[self._number[target]] += [self._number[a] for a in atoms if a in self._number]

    def _sink(self, atom: Atom, sink: Sink) -> None:
        if atom in self._number:
            self._sinks.setdefault(self._number[atom], sink)

    def _towards_sinks(self) -> dict[int, Sink]:
        """For each stream that reaches a sink, one that is nearest to it."""
        reached = dict(self._sinks)
        queue = deque(self._sinks)
        while queue:
            number = queue.popleft()
            for origin in self._from[number]:
                if origin not in reached:
                    reached[origin] = reached[number]
                    queue.append(origin)
        return reached
