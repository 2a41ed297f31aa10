"""Why a property is false: its equation with the values at that tick, then those of what it reads, and so on.

Rule: the explanation of a stream at a tick is its formula, its value, and the explanations of what that value depends
on: of a choice the condition and the branch that was taken, of a false conjunction one false operand, of a true
disjunction one true operand, of a product with a factor of zero that factor, of the least or greatest the operand that
it is; of a register the stream that it remembers, at the last tick at which its clock was present. What lies nearest to
the property comes first; after `LONGEST` streams the rest is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import GOALS, Apply, Atom, Equation, Fby, Merge, Node, Property, Var, When, atoms
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, shape
from syncml.lazy import numpy as np
from syncml.verify.formula import Formulas
from syncml.verify.replay import is_scalar
from syncml.verify.verdicts import Counterexample, Reason

LONGEST = 30
"""How many streams an explanation speaks of."""

Value: TypeAlias = Callable[[Var, int], Any]
"""The value of a stream at a tick, as plain Python; None where it is absent."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A stream at a tick."""

    var: Var
    tick: int


def explanation(node: Node, clause: Property, found: Counterexample, value: Value) -> tuple[Reason, ...]:
    """Why ``clause`` of a flat node is false, or a goal is reached, at the end of a run whose values are ``value``."""
    walk = _Walk(node, value, {s.name: s.free for s in found.streams if s.free})
    root = _Point(walk.condition(clause), found.tick)
    children: dict[_Point, list[_Point]] = {}
    known = {root}
    pending = deque([root])
    while pending and len(children) < LONGEST:
        point = pending.popleft()
        children[point] = []
        for reason in walk.reasons(point):
            children[point].append(reason)
            if reason not in known:
                known.add(reason)
                pending.append(reason)
    result: list[Reason] = []
    told: set[_Point] = set()
    stack = [(root, 0)]
    while stack:
        point, depth = stack.pop()
        if point in told or point not in children:
            continue
        told.add(point)
        result.append(walk.reason(point, depth, children[point], clause.name if point == root else ""))
        stack += [(child, depth + 1) for child in reversed(children[point])]
    return tuple(result)


class _Walk:
    """The definitions of a node, and the run."""

    def __init__(self, node: Node, value: Value, free: Mapping[str, Sequence[bool]]) -> None:
        self._free = free
        self._definitions: Mapping[Var, Equation] = {t: e for e in node.equations for t in e.targets}
        self._formulas = Formulas(self._definitions)
        self._inputs = frozenset(node.inputs)
        self._value = value

    def condition(self, clause: Property) -> Var:
        """What a clause says; a goal is stated by its negation, which does not hold where it is reached."""
        stated = self._definitions[clause.holds].rhs if clause.kind in GOALS else None
        match stated:
            case Apply(Op.NOT, (Var() as reached,)):
                return reached
            case _:
                return clause.holds

    def reason(self, point: _Point, depth: int, children: list[_Point], title: str) -> Reason:
        """What is told about a point."""
        var = point.var
        rhs = self._definitions[var].rhs if var in self._definitions else None
        origin: Literal["", "input", "free input", "first value"] = "input" if var in self._inputs else ""
        if origin and var.name in self._free and self._free[var.name][point.tick]:
            origin = "free input"
        if isinstance(rhs, Fby) and self._memory(rhs, point) is None:
            origin = "first value"
        formula = self._formulas.of(var)
        name = title or (var.name if self._formulas.named(var) else formula)
        parts = tuple((self._formulas.name(c.var), self._value(c.var, c.tick), str(c.var.type)) for c in children)
        return Reason(
            depth, point.tick, name, "" if formula == name else formula, self._value(var, point.tick), str(var.type),
            parts, origin, self._definitions[var].span if var in self._definitions else var.span,
        )  # fmt: skip

    def reasons(self, point: _Point) -> list[_Point]:
        """The named streams, and the registers, that the value at ``point`` depends on."""
        found: dict[_Point, None] = {}
        seen = {point}
        stack = list(self._direct(point))
        stack.reverse()
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            if self._formulas.named(current.var) or isinstance(self._definitions[current.var].rhs, Fby):
                found[current] = None
            else:
                stack += reversed(list(self._direct(current)))
        return list(found)

    def _direct(self, point: _Point) -> Iterator[_Point]:
        """What the equation of a point reads, as far as it matters for the value."""
        equation = self._definitions.get(point.var)
        if equation is None or self._value(point.var, point.tick) is None:
            return
        rhs = equation.rhs
        match rhs:
            case Fby():
                before = self._memory(rhs, point)
                if before is None:
                    yield from (_Point(r, point.tick) for r in rhs.resets if self._is(r, point.tick, True))
                elif isinstance(rhs.following, Var):
                    yield _Point(rhs.following, before)
            case When():
                yield from self._points((rhs.source,), point.tick)
            case Merge():
                yield _Point(rhs.condition, point.tick)
                chosen = self._value(rhs.condition, point.tick)
                yield from self._points([a for c, a in rhs.branches if c == chosen], point.tick)
            case Apply():
                yield from self._points(self._operands(rhs, point.tick), point.tick)
            case _:
                yield from self._points(atoms(rhs), point.tick)

    @staticmethod
    def _points(found: tuple[Atom, ...] | list[Atom], tick: int) -> Iterator[_Point]:
        return (_Point(a, tick) for a in found if isinstance(a, Var))

    def _operands(self, rhs: Apply, tick: int) -> list[Atom]:
        """The operands that the result depends on; all where it is an array."""
        operands = list(rhs.arguments)
        values: list[Any] = [self._value(a, tick) if isinstance(a, Var) else a.value for a in operands]
        if any(shape(a.type) for a in operands):
            return operands
        match rhs.op:
            case Op.WHERE:
                return [operands[0], operands[1] if values[0] else operands[2]]
            case Op.AND | Op.OR if operands[0].type is BOOL:
                deciding = rhs.op is Op.OR
                return next(([a] for a, v in zip(operands, values, strict=True) if v is deciding), operands)
            case Op.MUL:
                return next(([a] for a, v in zip(operands, values, strict=True) if v == 0), operands)
            case Op.MIN:
                return [operands[1] if values[1] < values[0] else operands[0]]
            case Op.MAX:
                return [operands[1] if values[1] > values[0] else operands[0]]
            case _:
                return operands

    def _memory(self, rhs: Fby, point: _Point) -> int | None:
        """The tick at which a register got its value; None if it has its first one."""
        if any(self._is(r, point.tick, True) for r in rhs.resets):
            return None
        for tick in range(point.tick - 1, -1, -1):
            if self._value(point.var, tick) is not None:
                return tick
            if any(self._is(r, tick, True) for r in rhs.resets):
                return None
        return None

    def _is(self, var: Var, tick: int, wanted: bool) -> bool:
        value = self._value(var, tick)
        return value is not None and bool(value if is_scalar(value) else np.all(value)) == wanted
