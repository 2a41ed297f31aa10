"""Run-time checks: obligations that nobody has to write, as equations and clauses of the program itself.

Rule: for each partial operation whose value is used there is a Boolean stream that says that it is safe,

    overflow     the exact result of an integer operation is in the range of its type
    division     no divisor is zero
    index        a dynamic index is within its axis
    domain       no square root below zero and no logarithm at or below zero
    finite       a float operation on finite operands neither overflows to infinity nor yields NaN

The last one is stated only where intervals do not show it at once. A value is used unless a `where`, `&` or `|` around
it ignores it at that instant. As the checks are ordinary equations, a counterexample to one is replayed in the same way
as a counterexample to a contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE, Clock
from syncml.ir.constants import Array, Const, dtype
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Node,
    Property,
    PropertyKind,
    Var,
    When,
    atoms,
)
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, SIGNED, Scalar, element, integer_range, shape, size
from syncml.ir.typing_rules import Attribute
from syncml.lazy import numpy as np
from syncml.verify.order import ordered


class Check(Enum):
    """The kind of a run-time check; the value is its name in reports."""

    OVERFLOW = "overflow"
    DIVISION = "division"
    INDEX = "index"
    DOMAIN = "domain"
    FINITE = "finite"


Need: TypeAlias = tuple[tuple[Var, bool], ...]
"""A conjunction of conditions and the value that each must have."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A node with its checks, which are clauses that follow its own.

    Attributes:
        kinds: The kind of each check, by the stream that states it.
        checked: The stream whose operation is checked, by the stream that states it.
        finite: The operation, by the stream that says that its result is finite wherever it is used or not.
        needs: The conditions, one of which holds where the value is used, by the stream that says that it is safe.
        excused: The node with assumptions that bind only as long as the operations that they read are finite: an
            assumption about a result that overflowed excludes no run of the machine for sure.
    """

    node: Node
    kinds: Mapping[Var, Check]
    checked: Mapping[Var, Var]
    finite: Mapping[Var, Var]
    needs: Mapping[Var, Sequence[Need]]
    excused: Node

    def depends(self, holds: Var) -> bool:
        """Whether a proof must rest on this check wherever its operation matters: what follows it is no number."""
        kind = self.kinds.get(holds)
        if kind in (Check.OVERFLOW, Check.FINITE):
            return True
        return kind in (Check.DIVISION, Check.DOMAIN) and element(self.checked[holds].type) in FLOATS


def with_checks(
    node: Node, *, overflow: bool, risky: frozenset[Var] = frozenset(), outputs: Sequence[Var] = ()
) -> Checked:
    """Add the run-time checks to a flat node.

    Args:
        node: The node.
        overflow: Whether to check integer arithmetic.
        risky: Float operations that are to be shown finite.
        outputs: Streams, besides, that are to be shown finite.
    """
    return _Instrument(node, overflow, risky, outputs).result()


_MANY = 4
"""A value with more readers than this counts as always used."""

_DEEP = 8
"""Conditions nested more deeply than this are not looked at."""


class _Instrument:
    def __init__(self, node: Node, overflow: bool, risky: frozenset[Var], outputs: Sequence[Var]) -> None:
        self._node = node
        self._overflow = overflow
        self._risky = risky
        self._outputs = [v for v in outputs if v not in risky]
        self._finite: dict[Var, Var] = {}
        self._equations: list[Equation] = []
        self._clocks: dict[Var, Clock] = dict(node.clocks)
        self._properties: list[Property] = []
        self._kinds: dict[Var, Check] = {}
        self._needs: dict[Var, Sequence[Need]] = {}
        self._checked: dict[Var, Var] = {}
        self._names = {v.name for v in node.clocks}
        self._definitions = {e.target: e.rhs for e in node.equations if isinstance(e.rhs, Apply)}

    def result(self) -> Checked:
        """The instrumented node."""
        order = ordered(self._node.equations)
        needs = _needs(self._node, order)
        for equation in order:
            if isinstance(equation.rhs, Apply):
                used = needs.get(equation.target, [()])
                for kind, safe in self._safety(equation, equation.rhs) if used else ():
                    self._state(equation, kind, safe, used)
            if equation.target in self._outputs:
                self._state(equation, Check.FINITE, self._is_finite(equation), [()])
        node = self._with(self._node.properties)
        excused = self._with(tuple(map(self._excused, self._node.properties))) if self._finite else node
        maps = MappingProxyType(self._kinds), MappingProxyType(self._checked), MappingProxyType(self._finite)
        return Checked(node, *maps, MappingProxyType(self._needs), excused)

    def _with(self, stated: tuple[Property, ...]) -> Node:
        return replace(
            self._node,
            equations=(*self._node.equations, *self._equations),
            properties=(*stated, *self._properties),
            clocks=MappingProxyType(dict(self._clocks)),
        )

    def _is_finite(self, equation: Equation) -> Var:
        """That the float result of an equation is a finite number; it is not for NaN, which compares with nothing."""
        kind = element(equation.target.type)
        most = Const(float(np.finfo(dtype(kind)).max), kind)
        size_ = self._apply(equation, Op.ABS, (equation.target,))
        return self._apply(equation, Op.LE, (size_, most))

    def _excused(self, clause: Property) -> Property:
        """An assumption, or one of the operations that it reads at this instant is not finite."""
        if clause.kind is not PropertyKind.ASSUME:
            return clause
        read = self._instant(clause.holds)
        at = Equation((clause.holds,), Apply(Op.COPY, (clause.holds,)), clause.span)
        holds: Atom = clause.holds
        for safe, operation in self._finite.items():
            if operation not in read:
                continue
            bad: Atom = self._apply(at, Op.NOT, (safe,))
            if shape(safe.type):
                flat = self._apply(at, Op.RESHAPE, (bad,), (size(safe.type),))
                bad = self._apply(at, Op.ANY, (flat,), (0,))
            holds = self._apply(at, Op.OR, (holds, bad))
        return clause if holds is clause.holds or isinstance(holds, Const) else replace(clause, holds=holds)

    def _instant(self, var: Var) -> set[Var]:
        """What a stream reads within an instant."""
        definition = {t: e for e in self._node.equations for t in e.targets}
        seen: set[Var] = set()
        pending = [var]
        while pending:
            current = pending.pop()
            if current in seen or current not in definition:
                continue
            seen.add(current)
            if not isinstance(definition[current].rhs, Fby):
                pending += [a for a in atoms(definition[current].rhs) if isinstance(a, Var)]
        return seen

    def _state(self, equation: Equation, kind: Check, safe: Atom, needs: Sequence[Need]) -> None:
        """Add the clause that ``safe`` holds whenever the value of ``equation`` is needed."""
        if size(safe.type) > 1 or shape(safe.type):
            flat = self._apply(equation, Op.RESHAPE, (safe,), (size(safe.type),))
            safe = self._apply(equation, Op.ALL, (flat,), (0,))
        if () not in needs:
            safe = self._unless(equation, needs, safe)
        holds = self._apply(equation, Op.COPY, (safe,), name=f"{kind.value}:{equation.target.name}")
        self._kinds[holds] = kind
        self._checked[holds] = equation.target
        self._needs[holds] = needs
        self._properties.append(Property(PropertyKind.ENSURE, holds.name, holds, equation.span))

    def _unless(self, equation: Equation, needs: Sequence[Need], safe: Atom) -> Atom:
        """``safe``, or none of the conjunctions in ``needs``."""
        ignored: Atom | None = None
        for need in needs:
            # The value is ignored in this way if one of the conditions fails.
            failed: Atom | None = None
            for var, value in need:
                literal = self._apply(equation, Op.NOT, (var,)) if value else var
                failed = literal if failed is None else self._apply(equation, Op.OR, (failed, literal))
            if failed is not None:
                ignored = failed if ignored is None else self._apply(equation, Op.AND, (ignored, failed))
        return safe if ignored is None else self._apply(equation, Op.OR, (ignored, safe))

    def _apply(
        self, at: Equation, op: Op, arguments: tuple[Atom, ...], attribute: Attribute = None, name: str = ""
    ) -> Var:
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        unique = base = name or f"check!{len(self._equations)}"
        while unique in self._names:
            unique = f"{base}!{len(self._equations)}"
        self._names.add(unique)
        target = Var(unique, type_, at.span)
        clock = self._clocks.get(at.target, BASE)
        self._clocks[target] = clock
        self._equations.append(Equation((target,), Apply(op, arguments, attribute), at.span, clock))
        return target

    def _safety(self, equation: Equation, rhs: Apply) -> list[tuple[Check, Atom]]:
        found: list[tuple[Check, Atom]] = []
        x = rhs.arguments
        kind = element(x[0].type)
        match rhs.op:
            case Op.DIV | Op.FLOORDIV | Op.MOD if not _excludes(x[1], 0):
                found.append((Check.DIVISION, self._apply(equation, Op.NE, (x[1], _number(0, x[1])))))
            case Op.AT:
                found.append((Check.INDEX, self._within(equation, x[1], 0, shape(x[0].type)[0] - 1)))
            case Op.WINDOW:
                last = shape(x[0].type)[0] - shape(equation.target.type)[0]
                found.append((Check.INDEX, self._within(equation, x[1], 0, last)))
            case Op.UPDATE:
                for position, extent in zip(x[2:], shape(x[0].type), strict=False):
                    if isinstance(position, Var):
                        found.append((Check.INDEX, self._within(equation, position, 0, extent - 1)))
            case Op.SQRT:
                found.append((Check.DOMAIN, self._apply(equation, Op.GE, (x[0], _number(0, x[0])))))
            case Op.LOG:
                found.append((Check.DOMAIN, self._apply(equation, Op.GT, (x[0], _number(0, x[0])))))
            case _:
                pass
        if equation.target in self._risky and rhs.op not in (Op.SQRT, Op.LOG):
            raw = self._is_finite(equation)
            self._finite[raw] = equation.target
            safe = raw
            if rhs.op is Op.DIV and not _excludes(x[1], 0):
                # Division by zero is a check of its own.
                zero = self._apply(equation, Op.EQ, (x[1], _number(0, x[1])))
                safe = self._apply(equation, Op.OR, (raw, zero))
            found.append((Check.FINITE, safe))
        target = element(equation.target.type)
        if rhs.op in (Op.ADD, Op.SUB) and isinstance(target, Scalar) and self._stays_within(rhs, target):
            return found
        if not self._overflow or not isinstance(target, Scalar) or target not in MACHINE_INTEGERS:
            return found
        match rhs.op:
            case Op.ADD | Op.SUB | Op.MUL | Op.NEG | Op.ABS | Op.SUM | Op.MATMUL | Op.EINSUM | Op.FLOORDIV:
                if rhs.op in (Op.FLOORDIV, Op.ABS) and (target not in SIGNED or _excludes(x[-1], -1)):
                    return found
                wide = tuple(self._apply(equation, Op.CAST, (a,), Scalar.INT) for a in x)
                exact = self._apply(equation, rhs.op, wide, rhs.attribute)
                found.append((Check.OVERFLOW, self._within(equation, exact, *integer_range(target))))
            case Op.CAST if kind is Scalar.INT or _narrows(kind, target):
                found.append((Check.OVERFLOW, self._within(equation, x[0], *integer_range(target))))
            case _:
                pass
        return found

    def _stays_within(self, rhs: Apply, target: Scalar) -> bool:
        """Whether a sum or a difference is in range for every value of operands that have bounds by their operators."""
        if target not in MACHINE_INTEGERS or any(shape(a.type) for a in rhs.arguments):
            return False
        (low, high), (least, greatest) = (self._bounds(a, target) for a in rhs.arguments)
        if rhs.op is Op.SUB:
            least, greatest = -greatest, -least
        below, above = integer_range(target)
        return below <= low + least and high + greatest <= above

    def _bounds(self, atom: Atom, kind: Scalar) -> tuple[int, int]:
        """Bounds of a scalar: a constant, the less or the greater of a stream and a constant, or the type's."""
        low, high = integer_range(kind)
        if not isinstance(atom, Var):
            return (atom.value, atom.value) if isinstance(atom.value, int) else (low, high)
        match self._definitions.get(atom):
            case Apply(Op.MIN, (_, Const(int(bound)))) | Apply(Op.MIN, (Const(int(bound)), _)):
                return low, min(high, bound)
            case Apply(Op.MAX, (_, Const(int(bound)))) | Apply(Op.MAX, (Const(int(bound)), _)):
                return max(low, bound), high
            case _:
                return low, high

    def _within(self, equation: Equation, value: Atom, low: int, high: int) -> Var:
        wide = value
        if element(value.type) is not Scalar.INT:
            wide = self._apply(equation, Op.CAST, (value,), Scalar.INT)
        above = self._apply(equation, Op.GE, (wide, Const(low, Scalar.INT)))
        below = self._apply(equation, Op.LE, (wide, Const(high, Scalar.INT)))
        return self._apply(equation, Op.AND, (above, below))


def _narrows(source: object, target: Scalar) -> bool:
    if not isinstance(source, Scalar) or source not in MACHINE_INTEGERS:
        return False
    low, high = integer_range(source)
    least, greatest = integer_range(target)
    return low < least or high > greatest


def _number(value: int, like: Atom) -> Const:
    return Const(value, element(like.type))


def _excludes(atom: Atom, number: int) -> bool:
    """Whether an atom is a constant in which ``number`` does not occur."""
    if isinstance(atom, Var):
        return False
    values = atom.value.numpy().reshape(-1).tolist() if isinstance(atom.value, Array) else [atom.value]
    return number not in values


def _needs(node: Node, order: Sequence[Equation]) -> dict[Var, list[Need]]:
    """For each variable a disjunction of conditions under which its value is used; ``()`` is always."""
    needs: dict[Var, list[Need]] = {}

    def need(atom: Atom, conditions: Sequence[Need]) -> None:
        if isinstance(atom, Var):
            known = needs.setdefault(atom, [])
            known += [c for c in conditions if c not in known]
            if () in known or len(known) > _MANY:
                needs[atom] = [()]

    for var in (*node.outputs, *(p.holds for p in node.properties)):
        need(var, [()])
    for equation in order:
        if isinstance(equation.rhs, Fby):
            for atom in atoms(equation.rhs):
                need(atom, [()])
    for equation in reversed(order):
        rhs = equation.rhs
        inherited = needs.get(equation.target, [()])
        match rhs:
            case Fby():
                continue
            case Apply(Op.WHERE, (Var() as condition, yes, no)) if condition.type is BOOL:
                need(condition, inherited)
                need(yes, _under(inherited, condition, True))
                need(no, _under(inherited, condition, False))
            case Apply(Op.AND | Op.OR, (Var() as left, right)) if left.type is BOOL:
                need(left, inherited)
                need(right, _under(inherited, left, rhs.op is Op.AND))
            case Apply():
                for argument in rhs.arguments:
                    need(argument, inherited)
            case When(source, condition):
                # The sampled stream lives on another clock, on which these conditions do not exist.
                need(source, [()])
                need(condition, [()])
            case _:
                for atom in atoms(rhs):
                    need(atom, [()])
    return needs


def _under(needs: Sequence[Need], condition: Var, value: bool) -> list[Need]:
    literal = (condition, value)
    return [n if literal in n or len(n) >= _DEEP else (*n, literal) for n in needs if (condition, not value) not in n]
