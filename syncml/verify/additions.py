"""Boolean streams that are added to a node: clauses of any clock as streams of the base clock, and the way back.

Rule: a clause on ``ck on C(x)`` becomes ``merge x (C -> clause) (others -> true)`` on ``ck``, step by step up to the
base clock, so that it is true where it is absent; a stream of the base clock is sampled down to the clock of a clause.
"""

from __future__ import annotations

from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock, On, Periodic, Word, steps
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Merge, Node, Property, Rhs, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType

TRUE = Const(True, BOOL)


@dataclass(slots=True)
class Additions:
    """New Boolean streams for a flat clocked node; `equations` and `clocks` are to take the place of its own."""

    node: Node
    prefix: str = "added"
    equations: list[Equation] = field(default_factory=list[Equation])
    clocks: dict[Var, Clock] = field(default_factory=dict[Var, Clock])
    _waves: dict[tuple[Clock, Word], Var] = field(default_factory=dict[tuple[Clock, Word], Var])

    def __post_init__(self) -> None:
        self.equations = list(self.node.equations)
        self.clocks = dict(self.node.clocks)

    def var(self, clock: Clock) -> Var:
        """A new Boolean stream without a definition."""
        var = Var(f"{self.prefix}!{len(self.clocks)}", BOOL, self._span)
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
            branches = tuple((c, holds if c == here else TRUE) for c in every)
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
