"""Cycles that are never active: streams that need each other in opposite orders in different modes.

    a = merge c (x)          (f(b when not c))        a needs b where c is false,
    b = merge c (g(a when c)) (y)                     b needs a where c is true

Rule: a group of streams on clock ck that need each other is split by a condition c on ck that is not one of them: each
stream x becomes one part for each constructor C, computed on ``ck on C(c)`` from the parts of that mode, and
``x = merge c (C -> part) ..``. Where the modes have their own orders, the parts do not need each other and no cycle is
left, so that a rank for each stream is a rank for each stream in each mode. A group that keeps a cycle stays as it was.

A call on ck cannot be split: its state is one and its step has one place in the order of an instant.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock, steps
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.dependencies import Dependencies, Summaries, Summary, dependencies_of
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
)
from syncml.ir.graphs import cycles
from syncml.ir.operators import Op
from syncml.ir.types import EnumType

MOST_ROUNDS = 16
"""How many conditions one group is split by at most; each multiplies its size by the number of modes."""


def split_exclusive(program: Program) -> Program:
    """Split every group of a clocked program that needs it and that splitting helps."""
    conditions = conditions_of(program)
    summaries: dict[str, Summary] = {}
    nodes: list[Node] = []
    for node in program.nodes:
        result, dependencies = _split_node(node, conditions[node.name], summaries)
        summaries[node.name] = dependencies.summary()
        nodes.append(result)
    return replace(program, nodes=tuple(nodes))


def _split_node(node: Node, conditions: Conditions, summaries: Summaries) -> tuple[Node, Dependencies]:
    dependencies = dependencies_of(node, summaries)
    for component in cycles(dependencies.needs):
        group = [dependencies.streams[number] for number in sorted(component)]
        dependencies = _resolve(dependencies, group, conditions, summaries) or dependencies
    return dependencies.node, dependencies


def _resolve(
    dependencies: Dependencies, group: list[Var], conditions: Conditions, summaries: Summaries
) -> Dependencies | None:
    """The dependencies without the cycles of ``group``, if splitting removes them all."""
    first = dependencies
    pending = [group]
    for _ in range(MOST_ROUNDS):
        split = _split(dependencies, pending.pop(), conditions)
        if split is None:
            return None
        dependencies = dependencies_of(split, summaries)
        found = ([dependencies.streams[n] for n in sorted(c)] for c in cycles(dependencies.needs))
        ours = frozenset(group)
        pending = [g for g in found if all(v in ours or v not in first.numbers for v in g)]
        if not pending:
            return dependencies
    return None


def _split(dependencies: Dependencies, group: list[Var], conditions: Conditions) -> Node | None:
    """Split ``group`` by the first condition that fits."""
    tried: set[Var] = set(group)
    for var in group:
        rhs = dependencies.definitions[var].rhs
        if isinstance(rhs, Merge) and rhs.condition not in tried:
            tried.add(rhs.condition)
            splitting = _Splitting(dependencies, frozenset(group), rhs.condition, conditions)
            if splitting.fits():
                return splitting.node()
    return None


@dataclass(slots=True)
class _Mode:
    """One constructor of the condition, its clock, and what stands for each stream of the clock above."""

    constructor: bool | str
    clock: Clock
    streams: dict[Var, Var]


class _Splitting:
    """One group of streams and one condition."""

    def __init__(
        self, dependencies: Dependencies, group: frozenset[Var], condition: Var, conditions: Conditions
    ) -> None:
        node = self._node = dependencies.node
        self._group = group
        self._condition = condition
        self._conditions = conditions
        self._clock = node.clocks[condition]
        self._definitions = dependencies.definitions
        self._names: set[str] = set()
        self._new: list[Equation] = []
        self._clocks: dict[Var, Clock] = {}
        type_ = condition.type
        constructors = type_.constructors if isinstance(type_, EnumType) else (True, False)
        self._modes = [_Mode(c, conditions.on(self._clock, condition, c), {}) for c in constructors]

    def fits(self) -> bool:
        """Whether every stream of the group is within one mode, or on the clock above and can be split."""
        for var in self._group:
            clock = self._node.clocks[var]
            if clock != self._clock:
                if self._mode_of(clock) is None:
                    return False
                continue
            match self._definitions[var].rhs:
                case Apply():
                    pass
                case Merge() as merge:
                    if any(self._branch(merge, mode) is None for mode in self._modes):
                        return False
                case _:
                    return False
        return True

    def node(self) -> Node:
        """The node with the group split."""
        self._names.update(v.name for v in (*self._node.inputs, *self._definitions))
        split = [t for e in self._node.equations for t in e.targets if t in self._group and self._on_clock(t)]
        for var in split:
            for mode in self._modes:
                mode.streams[var] = self._fresh(var, mode)
        equations = [self._rewritten(e) for e in self._node.equations]
        for var in split:
            definition = self._definitions[var]
            for mode in self._modes:
                rhs = self._part(definition.rhs, mode)
                self._new.append(Equation((mode.streams[var],), rhs, definition.span, mode.clock))
        return replace(
            self._node,
            equations=(*equations, *self._new),
            clocks=MappingProxyType({**self._node.clocks, **self._clocks}),
        )

    def _on_clock(self, var: Var) -> bool:
        return self._node.clocks[var] == self._clock

    def _mode_of(self, clock: Clock) -> _Mode | None:
        path = steps(clock)
        return next((mode for mode in self._modes if mode.clock in path), None)

    def _branch(self, merge: Merge, mode: _Mode) -> Atom | None:
        """The branch that ``mode`` selects; None where the merge is on another condition."""
        found = (a for c, a in merge.branches if self._conditions.on(self._clock, merge.condition, c) == mode.clock)
        return next(found, None)

    def _part(self, rhs: Rhs, mode: _Mode) -> Rhs:
        """What a stream of the group is in one mode."""
        if isinstance(rhs, Merge):
            branch = self._branch(rhs, mode)
            assert branch is not None  # `fits` has seen to that
            return Apply(Op.COPY, (self._inside(branch, mode),))
        assert isinstance(rhs, Apply)
        return replace(rhs, arguments=tuple(self._sampled(atom, mode) for atom in rhs.arguments))

    def _sampled(self, atom: Atom, mode: _Mode) -> Atom:
        """A stream of the clock above, in one mode."""
        if not isinstance(atom, Var):
            return atom
        if atom not in mode.streams:
            mode.streams[atom] = sampled = self._fresh(atom, mode)
            rhs = When(atom, self._condition, mode.constructor)
            self._new.append(Equation((sampled,), rhs, atom.span, mode.clock))
        return mode.streams[atom]

    def _inside(self, atom: Atom, mode: _Mode) -> Atom:
        """A stream within a mode; where it samples a split stream, the part of that stream."""
        definition = self._definitions.get(atom) if isinstance(atom, Var) else None
        if definition is not None and isinstance(definition.rhs, When) and definition.clock == mode.clock:
            source = definition.rhs.source
            if isinstance(source, Var) and source in self._group and self._on_clock(source):
                return mode.streams[source]
        return atom

    def _rewritten(self, equation: Equation) -> Equation:
        if not self._group.intersection(equation.targets):
            return equation
        if equation.clock == self._clock:
            parts = tuple((mode.constructor, mode.streams[equation.target]) for mode in self._modes)
            return replace(equation, rhs=Merge(self._condition, parts))
        mode = self._mode_of(self._node.clocks[equation.targets[0]])
        assert mode is not None  # `fits` has seen to that
        rhs = equation.rhs
        match rhs:
            case Apply() | Call() | Iterate():
                return replace(
                    equation, rhs=replace(rhs, arguments=tuple(self._inside(a, mode) for a in rhs.arguments))
                )
            case Merge():
                branches = tuple((c, self._inside(a, mode)) for c, a in rhs.branches)
                return replace(equation, rhs=Merge(rhs.condition, branches))
            case When():
                return replace(equation, rhs=replace(rhs, source=self._inside(rhs.source, mode)))
            case Post():
                return replace(equation, rhs=replace(rhs, init=self._inside(rhs.init, mode)))
            case Fby() | Wave() | Pack():
                return equation
            case Buffer():
                raise InternalFault(f"the buffer {equation.target.name} is not lowered")

    def _fresh(self, var: Var, mode: _Mode) -> Var:
        stem = f"{var.name}_{str(mode.constructor).lower()}"
        name, count = stem, 1
        while name in self._names:
            count += 1
            name = f"{stem}{count}"
        self._names.add(name)
        fresh = Var(name, var.type, var.span, unit=var.unit)
        self._clocks[fresh] = mode.clock
        return fresh
