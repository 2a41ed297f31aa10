"""Building more equations into a node: fresh names, and their clocks.

Rule: a stream that a pass adds has a name that no other stream of its node has, a clock, and the place of what it is
made for.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock, On, steps
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Apply, Atom, Equation, Merge, Rhs, Var
from syncml.ir.operators import Op, result_type
from syncml.ir.types import EnumType, Type
from syncml.ir.typing_rules import Attribute


class Growth:
    """Equations to be added to a node."""

    def __init__(self, names: Iterable[str], span: Span) -> None:
        self._names = set(names)
        self.span = span
        self.equations: list[Equation] = []
        self.clocks: dict[Var, Clock] = {}

    def fresh(self, name: str, type_: Type, clock: Clock, span: Span | None = None) -> Var:
        """A variable called ``name``, or ``name_2``."""
        var = Var(fresh_name(name, self._names), type_, span or self.span)
        self.clocks[var] = clock
        return var

    def equate(self, target: Var, rhs: Rhs, span: Span | None = None) -> Var:
        """Define ``target``."""
        self.equations.append(Equation((target,), rhs, span or target.span, self.clocks[target]))
        return target

    def define(self, name: str, type_: Type, clock: Clock, rhs: Rhs) -> Var:
        """A new variable with its definition."""
        return self.equate(self.fresh(name, type_, clock), rhs)

    def apply(self, name: str, clock: Clock, op: Op, *arguments: Atom, attribute: Attribute = None) -> Var:
        """A new variable that is the value of an operator."""
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        return self.define(name, type_, clock, Apply(op, arguments, attribute))

    def everywhere(self, var: Var, clock: Clock, above: Clock) -> Var:
        """``var``, on ``clock``, as a stream of a clock ``above`` it: zero where ``var`` is absent."""
        path = steps(clock)
        for step in reversed(path[path.index(above) + 1 if above in path else 0 :]):
            assert isinstance(step, On)
            kind = step.condition.type
            names = kind.constructors if isinstance(kind, EnumType) else (True, False)
            branches = tuple((name, var if name == step.constructor else zero(var.type)) for name in names)
            var = self.define(f"{var.name}_everywhere", var.type, step.parent, Merge(step.condition, branches))
        return var


def fresh_name(stem: str, taken: set[str]) -> str:
    """A name ``stem``, or ``stem_2``, that is not among those ``taken``; it is then."""
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}_{count}"
    taken.add(name)
    return name
