"""Promises of a node whose requirements may fail.

Rule: a node keeps an `ensure` as long as its callers have kept every `require`, up to and including the instant in
question, since the start of the instance or its last reset. What may be assumed of an instance is therefore

    kept = required & (True fby kept)          required: every `require` that is present holds
    kept => ensured                            on the clock of the clause

An `ensure` that is assumed without that condition excludes the very runs on which a `require` fails, and proves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType

from syncml.diagnostics.model import Span
from syncml.ir.clocks import BASE, Clock, On, Periodic, Word, steps
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
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType

_TRUE = Const(True, BOOL)


def as_assumptions(contract: Node) -> Node:
    """A clocked contract whose `ensure` clauses are assumptions that bind while its `require` clauses are kept."""
    required = [p for p in contract.properties if p.kind is PropertyKind.REQUIRE]
    promised = [p for p in contract.properties if p.kind is PropertyKind.ENSURE]
    made = _Made(contract)
    assumed = {p: replace(p, kind=PropertyKind.ASSUME) for p in promised}
    if required and promised:
        now: Atom = _TRUE
        for clause in required:
            now = made.op(Op.AND, BASE, now, made.lifted(clause))
        before = made.var(BASE)
        kept = made.op(Op.AND, BASE, now, before)
        made.define(before, Fby(_TRUE, kept))
        assumed = {p: made.weakened(stated, kept) for p, stated in assumed.items()}
    return replace(
        contract,
        equations=(*contract.equations, *made.equations),
        properties=tuple(assumed.get(p, p) for p in contract.properties),
        clocks=MappingProxyType(made.clocks),
    )


@dataclass(slots=True)
class _Made:
    """What is added to a node."""

    node: Node
    equations: list[Equation] = field(default_factory=list[Equation])
    clocks: dict[Var, Clock] = field(default_factory=dict[Var, Clock])
    _waves: dict[tuple[Clock, Word], Var] = field(default_factory=dict[tuple[Clock, Word], Var])

    def __post_init__(self) -> None:
        self.clocks = dict(self.node.clocks)

    def var(self, clock: Clock) -> Var:
        """A new Boolean stream without a definition."""
        names = {v.name for v in self.clocks}
        number = len(self.clocks)
        while f"kept!{number}" in names:
            number += 1
        var = Var(f"kept!{number}", BOOL, self._span)
        self.clocks[var] = clock
        return var

    @property
    def _span(self) -> Span:
        return self.node.span

    def define(self, var: Var, rhs: Rhs) -> Var:
        """Define ``var`` on its clock."""
        self.equations.append(Equation((var,), rhs, self._span, self.clocks[var]))
        return var

    def op(self, op: Op, clock: Clock, *arguments: Atom) -> Var:
        """A Boolean operation."""
        return self.define(self.var(clock), Apply(op, arguments))

    def lifted(self, clause: Property) -> Var:
        """A clause on the base clock: true where it is absent."""
        holds = clause.holds
        for step in reversed(steps(self.clocks[clause.holds])):
            condition, here = self._condition(step)
            type_ = condition.type
            every = type_.constructors if isinstance(type_, EnumType) else (True, False)
            branches = tuple((c, holds if c == here else _TRUE) for c in every)
            holds = self.define(self.var(step.parent), Merge(condition, branches))
        return holds

    def weakened(self, clause: Property, kept: Var) -> Property:
        """A clause that speaks only where ``kept`` holds."""
        binding = kept
        for step in steps(self.clocks[clause.holds]):
            condition, here = self._condition(step)
            binding = self.define(self.var(step), When(binding, condition, here))
        clock = self.clocks[clause.holds]
        free = self.op(Op.NOT, clock, binding)
        return replace(clause, holds=self.op(Op.OR, clock, free, clause.holds))

    def _condition(self, step: On | Periodic) -> tuple[Var, bool | str]:
        """The stream that decides a step of a clock, and its value where the clock is present."""
        if isinstance(step, On):
            return step.condition, step.constructor
        key = step.parent, step.word
        if key not in self._waves:
            self._waves[key] = self.define(self.var(step.parent), Wave(step.word))
        return self._waves[key], True
