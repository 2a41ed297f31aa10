"""Inlining: a call becomes the equations of the node that it instantiates.

Rule: for ``(t1, ..) = f(a1, ..) :: ck`` with instance ``i``, each formal input is replaced by its actual, each formal
output by its target, every other variable ``x`` of ``f`` by a fresh ``i.x``, and every clock of ``f`` has its base
replaced by ``ck``. The resets of the call become resets of each equation with memory. Clauses of the callee's contract
come along and remember the instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock, On, Periodic, Word, every, steps
from syncml.ir.constants import Const
from syncml.ir.equations.conditions import Conditions, conditions_of_node
from syncml.ir.equations.dependencies import calls_to_inline
from syncml.ir.equations.restart import without_words
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
    Parameter,
    Post,
    Program,
    Property,
    Rhs,
    Segment,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.equations.unroll import unroll
from syncml.ir.operators import Op


def inline(program: Program, keep: frozenset[str] = frozenset()) -> Program:
    """Flatten the main node of a clocked program; calls of the nodes named in ``keep`` stay calls.

    Arrays of instances are unrolled first.

    Returns:
        A program of the kept nodes that are still called and one main node.
    """
    return inline_where(unroll(program), lambda _caller, call: call.node not in keep)


def inline_loops(program: Program) -> Program:
    """Inline the calls that cannot be one step each (see `calls_to_inline`), until the rest can.

    An array of instances that cannot be one loop becomes calls, of which again those are inlined that have to be.
    """
    while found := calls_to_inline(program):

        def chosen(node: Node, rhs: Call | Iterate, found: Mapping[str, frozenset[str]] = found) -> bool:
            return rhs.instance in found.get(node.name, frozenset())

        program = unroll(inline_where(program, chosen), chosen)
    return program


def inline_words(program: Program) -> Program:
    """Inline the calls of nodes that have words of their own, so that only the main node has any."""
    worded: set[str] = set()
    for node in program.nodes:
        calls = {e.rhs.node for e in node.equations if isinstance(e.rhs, Call)}
        own = any(isinstance(step, Periodic) for clock in node.clocks.values() for step in steps(clock))
        if own or calls & worded or any(isinstance(e.rhs, Wave) for e in node.equations):
            worded.add(node.name)
    return inline_where(program, lambda _caller, call: call.node in worded)


def inline_where(program: Program, chosen: Callable[[Node, Call], bool]) -> Program:
    """Inline each call for which ``chosen(calling node, call)``; nodes that nobody calls any more are dropped."""
    inliner = _Inliner(chosen)
    for node in program.nodes:
        inliner.add(node)
    flat = inliner.flat
    needed = {program.main}
    for name in reversed(flat):
        if name in needed:
            needed |= {e.rhs.node for e in flat[name].equations if isinstance(e.rhs, Call | Iterate)}
    return Program(tuple(node for name, node in flat.items() if name in needed), program.main)


class _Inliner:
    """The nodes that are done, callees first."""

    def __init__(self, chosen: Callable[[Node, Call], bool]) -> None:
        self.flat: dict[str, Node] = {}
        self._chosen = chosen
        self._words: dict[str, tuple[Word | None, ...]] = {}
        self._restartable: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        """Inline the chosen calls of ``node``."""
        result = self._inlined(node, self._chosen)
        conditions = conditions_of_node(result, self._words)
        self.flat[node.name] = result if result is node else normalise_clocks(result, conditions)
        self._words[node.name] = conditions.words(result.outputs)

    def _inlined(self, node: Node, chosen: Callable[[Node, Call], bool]) -> Node:
        if not any(isinstance(e.rhs, Call) and chosen(node, e.rhs) for e in node.equations):
            return node
        equations: list[Equation] = []
        properties: list[Property] = list(node.properties)
        parameters: list[Parameter] = list(node.parameters)
        clocks = dict(node.clocks)
        for equation in node.equations:
            if isinstance(equation.rhs, Call) and chosen(node, equation.rhs):
                copy = _Copy(self._body(equation.rhs), equation, equation.rhs)
                equations += copy.equations()
                properties += copy.properties()
                parameters += copy.parameters()
                clocks.update(copy.clocks())
            else:
                equations.append(equation)
        return replace(
            node, equations=tuple(equations), properties=tuple(properties), clocks=MappingProxyType(clocks),
            parameters=tuple(parameters),
        )  # fmt: skip

    def _body(self, call: Call) -> Node:
        """The node that a call is a copy of; the words of an instance that may be reset are its own."""
        node = self.flat[call.node]
        if not call.resets:
            return node
        if call.node not in self._restartable:
            # A call on a periodic clock of the instance would see that clock start again.
            while any(isinstance(e.rhs, Call) and self._is_timed(node, e.rhs) for e in node.equations):
                node = self._inlined(node, self._is_timed)
            conditions = conditions_of_node(node, self._words)
            self._restartable[call.node] = without_words(normalise_clocks(node, conditions), conditions)
        return self._restartable[call.node]

    def _is_timed(self, _caller: Node, call: Call) -> bool:
        callee = self.flat[call.node]
        clocks = (callee.clocks[v] for v in (*callee.inputs, *callee.outputs))
        return any(isinstance(step, Periodic) for clock in clocks for step in steps(clock))


class _Copy:
    """The equations of one callee with the substitution of one call applied."""

    def __init__(self, callee: Node, equation: Equation, call: Call) -> None:
        if equation.clock is None:
            raise InternalFault(f"inlining {call.node} before its clock is known")
        self._callee = callee
        self._call = call
        self._base = equation.clock
        self._span = equation.span
        self._clock_cache: dict[Clock, Clock] = {}
        self._fresh: dict[Var, Clock] = {}
        self._aliases: list[tuple[Var, Var]] = []
        """Targets that are copies, each with the formal that it is a copy of."""
        self._constants: list[tuple[Var, Const]] = []
        self._atoms: dict[Var, Atom] = dict(zip(callee.inputs, call.arguments, strict=True))
        registers = {e.target for e in callee.equations if isinstance(e.rhs, Fby)}
        for formal, target in zip(callee.outputs, equation.targets, strict=True):
            # A register keeps its path, so that the state of the flat node has the names of the state of the instances.
            if formal in self._atoms or formal in registers:
                self._aliases.append((target, formal))
            else:
                self._atoms[formal] = target
        self._name_constant_conditions()
        for local in (t for e in callee.equations for t in e.targets if t not in self._atoms):
            self._atoms[local] = self._local(local)
        for formal, atom in self._atoms.items():
            if isinstance(atom, Var) and formal in callee.clocks and formal not in callee.inputs:
                self._fresh[atom] = self._clock(callee.clocks[formal])

    def _local(self, formal: Var) -> Var:
        return Var(f"{self._call.instance}.{formal.name}", formal.type, formal.span, formal.user, formal.unit)

    def _name_constant_conditions(self) -> None:
        """A constant actual for a formal that is a clock condition needs a variable to stand for it."""
        conditions = {e.rhs.condition for e in self._callee.equations if isinstance(e.rhs, When | Merge)}
        conditions |= {r for e in self._callee.equations for r in resets(e.rhs)}
        for formal in self._callee.inputs:
            actual = self._atoms[formal]
            if formal in conditions and isinstance(actual, Const):
                local = self._local(formal)
                self._atoms[formal] = local
                self._constants.append((local, actual))
                self._fresh[local] = self._base

    def clocks(self) -> Mapping[Var, Clock]:
        """The clock of every variable that the copy defines."""
        return self._fresh

    def equations(self) -> list[Equation]:
        """The callee's equations, and a copy for each output that is an input or a register."""
        body = [
            Equation(
                tuple(self._var(t) for t in e.targets),
                self._rhs(e.rhs),
                e.span,
                None if e.clock is None else self._clock(e.clock),
            )
            for e in self._callee.equations
        ]
        for target, formal in self._aliases:
            clock = self._clock(self._callee.clocks[formal])
            body.append(Equation((target,), Apply(Op.COPY, (self._atoms[formal],)), self._span, clock))
        for local, constant in self._constants:
            body.append(Equation((local,), Apply(Op.COPY, (constant,)), self._span, self._base))
        return body

    def properties(self) -> list[Property]:
        """The callee's contract, each clause under the path of this instance."""
        prefix = self._call.instance
        return [
            replace(p, holds=self._var(p.holds), instance=f"{prefix}.{p.instance}" if p.instance else prefix)
            for p in self._callee.properties
        ]

    def parameters(self) -> list[Parameter]:
        """What the callee learns; the names are those of the program already."""
        return [replace(p, var=self._var(p.var)) for p in self._callee.parameters]

    def _atom(self, atom: Atom) -> Atom:
        return self._atoms[atom] if isinstance(atom, Var) else atom

    def _var(self, var: Var) -> Var:
        atom = self._atoms[var]
        if isinstance(atom, Const):
            raise InternalFault(f"{var.name} of {self._callee.name} stands for a constant where a stream is needed")
        return atom

    def _rhs(self, rhs: Rhs) -> Rhs:
        match rhs:
            case Apply():
                return Apply(rhs.op, tuple(map(self._atom, rhs.arguments)), rhs.attribute)
            case Call() | Iterate():
                path = f"{self._call.instance}.{rhs.instance}"
                arguments = tuple(map(self._atom, rhs.arguments))
                return replace(rhs, arguments=arguments, instance=path, resets=self._resets(rhs))
            case Fby():
                return Fby(rhs.init, self._atom(rhs.following), self._resets(rhs))
            case When():
                return replace(rhs, source=self._atom(rhs.source), condition=self._var(rhs.condition))
            case Merge():
                branches = tuple((constructor, self._atom(a)) for constructor, a in rhs.branches)
                return Merge(self._var(rhs.condition), branches)
            case Wave():
                return replace(rhs, resets=self._resets(rhs))
            case Buffer():
                raise InternalFault("a buffer is inlined before it is lowered")
            case Post():
                return Post(self._atom(rhs.following), self._atom(rhs.init), self._segment(rhs.segment))
            case Pack():
                return Pack(self._atom(rhs.source), self._segment(rhs.segment), self._resets(rhs))

    def _segment(self, segment: Segment) -> Segment:
        return replace(segment, first=self._var(segment.first), last=self._var(segment.last))

    def _resets(self, rhs: Rhs) -> tuple[Var, ...]:
        """The resets of the call, then those of the equation itself."""
        return tuple(dict.fromkeys((*self._call.resets, *map(self._var, resets(rhs)))))

    def _clock(self, clock: Clock) -> Clock:
        if clock not in self._clock_cache:
            self._clock_cache[clock] = rebase(clock, self._base, self._var)
        return self._clock_cache[clock]


def rebase(clock: Clock, base: Clock, rename: Callable[[Var], Var]) -> Clock:
    """``clock`` with its base replaced by ``base`` and its conditions renamed."""
    for step in steps(clock):
        if isinstance(step, Periodic):
            base = every(base, step.word)
        else:
            base = On(base, rename(step.condition), step.constructor)
    return base


def normalise_clocks(node: Node, conditions: Conditions) -> Node:
    """Bring every clock to normal form again: inlining reveals what some conditions read."""
    cache: dict[Clock, Clock] = {}

    def normal(clock: Clock) -> Clock:
        if clock not in cache:
            cache[clock] = conditions.normal(clock)
        return cache[clock]

    return replace(
        node,
        equations=tuple(
            e if e.clock is None or normal(e.clock) == e.clock else replace(e, clock=normal(e.clock))
            for e in node.equations
        ),
        clocks=MappingProxyType({v: normal(c) for v, c in node.clocks.items()}),
    )
