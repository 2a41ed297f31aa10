"""Traps: for each thing that a test suite should do, the claim that it is never done.

A suite should make

    condition     each Boolean stream that decisions are made of, but not by `&`, `|`, `^`, `~`: true, and false
    decision      each compound condition of a choice, a clock or a reset: true, and false
    mode          each enumeration that modes are chosen by: every constructor
    transition    each state of an automaton that can follow another one by its equations: follow it
    pair          where asked for, the operands of each conjunction and disjunction: one true and the other false, and
                  both true (or both false): all outcomes of code that evaluates the second one only where it decides

A claim is a clause of its own on the clock of what it speaks of; a run that breaks it is a test of the goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Merge,
    Node,
    Property,
    PropertyKind,
    Rhs,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, EnumType


class Aspect(Enum):
    """What a goal is about."""

    CONDITION = "condition"
    DECISION = "decision"
    MODE = "mode"
    TRANSITION = "transition"
    PAIR = "pair"


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that a suite should do; instances of a node share the goals of its lines.

    Attributes:
        value: ``true`` or ``false``, a constructor, or two of them: ``IDLE -> BUSY``; ``true and false`` of a pair.
        stream: The name of the stream without the path of its instance; empty where the user did not name it.
    """

    aspect: Aspect
    span: Span
    value: str
    stream: str = ""

    @property
    def key(self) -> tuple[str, int, int, int, int, str, str]:
        """The place of the goal in the order of the source."""
        s = self.span
        return (s.file, s.line, s.column, s.end_line, s.end_column, self.aspect.value, self.value)


@dataclass(frozen=True, slots=True)
class Trap:
    """The claim, a clause called ``clause``, that ``goal`` is never reached in one instance."""

    goal: Goal
    clause: str


def trapped(node: Node, *, pairs: bool = False) -> tuple[Node, tuple[Trap, ...]]:
    """A flat clocked node with a clause for each goal in each instance; of its own clauses it keeps what helps.

    Its assumptions stay, and its lemmas; what it promises is no matter of a test suite. With ``pairs`` there are goals
    for the operands of conjunctions and disjunctions.
    """
    return _Trapping(node).result(pairs=pairs)


class _Trapping:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._definitions: Mapping[Var, Rhs] = {t: e.rhs for e in node.equations for t in e.targets}
        self._equations: list[Equation] = []
        self._clocks: dict[Var, Clock] = dict(node.clocks)
        self._traps: list[Trap] = []
        self._properties: list[Property] = []

    def result(self, *, pairs: bool) -> tuple[Node, tuple[Trap, ...]]:
        """The node and its traps, in the order of the source."""
        decisions = dict.fromkeys(self._decisions())
        leaves: dict[Var, None] = {}
        for root in (*decisions, *(v for v in self._node.outputs if v.type is BOOL)):
            leaves |= dict.fromkeys(self._leaves(root))
        for leaf in leaves:
            self._boolean(Aspect.CONDITION, leaf)
        for decision in decisions:
            if decision not in leaves and isinstance(self._definitions.get(decision), Apply):
                self._boolean(Aspect.DECISION, decision)
        for mode in dict.fromkeys(self._modes()):
            self._states(mode)
            register = self._register(mode)
            if register is not None:
                self._transitions(mode, register)
        for decision in self._pairs(decisions) if pairs else ():
            self._pair(decision)
        kept = (PropertyKind.ASSUME, PropertyKind.INVARIANT)
        node = replace(
            self._node,
            equations=(*self._node.equations, *self._equations),
            properties=(*(p for p in self._node.properties if p.kind in kept), *self._properties),
            clocks=MappingProxyType(self._clocks),
        )
        return node, tuple(sorted(self._traps, key=lambda t: t.goal.key))

    # What decides.

    def _decisions(self) -> Iterator[Var]:
        for equation in self._node.equations:
            match equation.rhs:
                case Apply(Op.WHERE, (Var() as condition, *_)) if condition.type is BOOL:
                    yield condition
                case When(_, condition) | Merge(condition) if condition.type is BOOL:
                    yield condition
                case _:
                    pass
            yield from resets(equation.rhs)

    def _modes(self) -> Iterator[Var]:
        for equation in self._node.equations:
            if isinstance(equation.rhs, When | Merge) and isinstance(equation.rhs.condition.type, EnumType):
                yield self._source(equation.rhs.condition)

    def _source(self, var: Var) -> Var:
        """The stream that ``var`` is a copy of."""
        while isinstance(rhs := self._definitions.get(var), Apply) and rhs.op is Op.COPY:
            (argument,) = rhs.arguments
            if not isinstance(argument, Var):
                break
            var = argument
        return var

    def _leaves(self, root: Var) -> Iterator[Var]:
        """The conditions that a Boolean stream is made of."""
        pending: list[Atom] = [root]
        seen: set[Var] = set()
        while pending:
            atom = pending.pop()
            if not isinstance(atom, Var) or atom.type is not BOOL or atom in seen:
                continue
            seen.add(atom)
            rhs = self._definitions.get(atom)
            if isinstance(rhs, Apply) and all(a.type is BOOL for a in rhs.arguments) and rhs.op is not Op.WHERE:
                pending += rhs.arguments
            elif isinstance(rhs, Apply) and rhs.op is not Op.WHERE:
                yield atom
            elif isinstance(rhs, When):
                pending.append(rhs.source)
            elif atom.user and not isinstance(rhs, Wave):
                yield atom

    def _pairs(self, decisions: Iterable[Var]) -> Iterator[Var]:
        """The conjunctions and disjunctions of two streams that decide, or that an output is made of."""
        pending: list[Atom] = [*decisions, *(v for v in self._node.outputs if v.type is BOOL)]
        seen: set[Var] = set()
        while pending:
            atom = pending.pop()
            if not isinstance(atom, Var) or atom.type is not BOOL or atom in seen:
                continue
            seen.add(atom)
            match self._definitions.get(atom):
                case Apply(Op.AND | Op.OR, (Var(), Var()) as operands):
                    yield atom
                    pending += operands
                case Apply(_, operands):
                    pending += operands
                case When(source):
                    pending.append(source)
                case _:
                    pass

    # Claims.

    def _boolean(self, aspect: Aspect, var: Var) -> None:
        for value in (True, False):
            goal = Goal(aspect, var.span, str(value).lower(), _stream(var))
            self._claim(goal, self._op(Op.NOT if value else Op.COPY, var))

    def _pair(self, decision: Var) -> None:
        rhs = self._definitions[decision]
        assert isinstance(rhs, Apply)
        for values in ((True, False), (False, True), (rhs.op is Op.AND,) * 2):
            first, second = (
                a if value else self._op(Op.NOT, a) for a, value in zip(rhs.arguments, values, strict=True)
            )
            goal = Goal(
                Aspect.PAIR, decision.span, f" {rhs.op.value} ".join(str(v).lower() for v in values), _stream(decision)
            )
            self._claim(goal, self._op(Op.NOT, self._op(Op.AND, first, second)))

    def _states(self, mode: Var) -> None:
        assert isinstance(mode.type, EnumType)
        for name in mode.type.constructors:
            self._claim(
                Goal(Aspect.MODE, mode.span, name, _stream(mode)), self._op(Op.NE, mode, Const(name, mode.type))
            )

    def _transitions(self, mode: Var, register: Var) -> None:
        """The states that follow each other: at once, where a transition is strong, or at the next instant."""
        rhs = self._definitions[register]
        assert isinstance(rhs, Fby)
        assert isinstance(mode.type, EnumType)
        changes: list[tuple[Var, Atom]] = [(mode, rhs.following)]
        if mode is not register:
            changes.append((register, mode))
        for before, after in changes:
            for state in mode.type.constructors:
                here = self._op(Op.EQ, before, Const(state, mode.type))
                for following in sorted(self._possible(before, after, state) - {state}):
                    then = self._op(Op.EQ, after, Const(following, mode.type), like=before)
                    goal = Goal(Aspect.TRANSITION, mode.span, f"{state} -> {following}", _stream(mode))
                    self._claim(goal, self._op(Op.NOT, self._op(Op.AND, here, then)))

    def _register(self, mode: Var) -> Var | None:
        """The register that holds the state of an automaton until the next instant."""
        while not isinstance(rhs := self._definitions.get(mode), Fby):
            match rhs:
                case Apply(Op.WHERE, (_, _, Var() as otherwise)) | Apply(Op.COPY, (Var() as otherwise,)):
                    mode = otherwise
                case _:
                    return None
        return mode

    def _possible(self, mode: Var, following: Atom, state: str) -> set[str]:
        """The constructors that ``following`` can be where ``mode`` is in ``state``, as far as choices tell."""
        assert isinstance(mode.type, EnumType)
        found: set[str] = set()
        pending, seen = [following], set[Var]()
        while pending:
            atom = pending.pop()
            if isinstance(atom, Const):
                found.add(str(atom.value))
                continue
            if atom is mode:
                found.add(state)
                continue
            if atom in seen:
                continue
            seen.add(atom)
            match self._definitions.get(atom):
                case Merge(condition, branches) if self._source(condition) is mode:
                    pending += [a for c, a in branches if c == state]
                case Merge(_, branches):
                    pending += [a for _, a in branches]
                case Apply(Op.WHERE, (condition, yes, no)):
                    pending += [no] if self._excluded(condition, mode, state) else [yes, no]
                case Apply(Op.COPY, arguments):
                    pending += arguments
                case When(source):
                    pending.append(source)
                case _:
                    return set(mode.type.constructors)
        return found

    def _excluded(self, condition: Atom, mode: Var, state: str) -> bool:
        """Whether a conjunction asks for another state."""
        pending = [condition]
        while pending:
            atom = pending.pop()
            match self._definitions.get(atom) if isinstance(atom, Var) else None:
                case Apply(Op.AND, operands):
                    pending += operands
                case Apply(Op.EQ, (Var() as left, Const(value))) if left is mode:
                    if value != state:
                        return True
                case _:
                    pass
        return False

    def _op(self, op: Op, *arguments: Atom, like: Var | None = None) -> Var:
        first = like or next(a for a in arguments if isinstance(a, Var))
        target = Var(f"trap!{len(self._equations)}", result_type(op, tuple(a.type for a in arguments)), first.span)
        clock = self._clocks[first]
        self._clocks[target] = clock
        self._equations.append(Equation((target,), Apply(op, arguments), first.span, clock))
        return target

    def _claim(self, goal: Goal, holds: Var) -> None:
        clause = f"trap {len(self._traps)}"
        self._traps.append(Trap(goal, clause))
        self._properties.append(Property(PropertyKind.ENSURE, clause, holds, goal.span))


def _stream(var: Var) -> str:
    return var.name.rpartition(".")[2] if var.user else ""
