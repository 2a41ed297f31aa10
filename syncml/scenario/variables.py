"""Variables and branches of step code that is being written: what is known now, and what only a run will know.

Rule: a value is known (a number, a row of a table) or it is an expression of step code. A variable is never changed: an
assignment makes a new local that is written once, or, where two branches meet, once in each. An operation on known
values is done now; any other is one of step code, in the same order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeAlias, TypeGuard

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    If,
    Literal,
    Place,
    Select,
    Slot,
    Stmt,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, F64, I32, I64, Scalar
from syncml.sim.lanes.cost import cost
from syncml.sim.lanes.statements import LEFT_OUT

Key: TypeAlias = tuple[Any, ...]
"""A local of a call, ``(call, name)``, or a cell, ``(array, index, ...)``."""

_EXPRESSIONS = (Literal, Place, Unary, Binary, Select, Convert)
_ARITHMETIC: dict[type, tuple[BinaryOp, Callable[[Any, Any], Any]]] = {
    ast.Add: (BinaryOp.ADD, lambda a, b: a + b),
    ast.Sub: (BinaryOp.SUB, lambda a, b: a - b),
    ast.Mult: (BinaryOp.MUL, lambda a, b: a * b),
    ast.Div: (BinaryOp.DIV, lambda a, b: a / b),
    ast.Mod: (BinaryOp.REM, lambda a, b: a % b),
    ast.RShift: (BinaryOp.SHR, lambda a, b: a >> b),
    ast.LShift: (BinaryOp.SHL, lambda a, b: a << b),
    ast.BitAnd: (BinaryOp.AND, lambda a, b: a & b),
    ast.BitOr: (BinaryOp.OR, lambda a, b: a | b),
}
_COMPARISONS: dict[type, tuple[BinaryOp, Callable[[Any, Any], Any]]] = {
    ast.Eq: (BinaryOp.EQ, lambda a, b: a == b),
    ast.NotEq: (BinaryOp.NE, lambda a, b: a != b),
    ast.Lt: (BinaryOp.LT, lambda a, b: a < b),
    ast.LtE: (BinaryOp.LE, lambda a, b: a <= b),
    ast.Gt: (BinaryOp.GT, lambda a, b: a > b),
    ast.GtE: (BinaryOp.GE, lambda a, b: a >= b),
}


class NotSpecialisedError(Exception):
    """The engine does something with a value of the run that step code has no form for."""


@dataclass(frozen=True, slots=True)
class Cells:
    """An array whose elements are variables, or a row of it."""

    name: str
    shape: tuple[int, ...]
    kind: Scalar
    above: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """An array of truths whose elements are chosen while the step code runs."""

    slot: Slot


@dataclass(slots=True)
class Branch:
    """A branch: what it changes, and its statements."""

    outer: Branch | None
    values: dict[Key, Any] = field(default_factory=dict[Key, Any])
    body: list[Stmt] = field(default_factory=list[Stmt])

    def get(self, key: Key) -> Any:
        """The value of a variable, or None."""
        branch: Branch | None = self
        while branch is not None:
            if key in branch.values:
                return branch.values[key]
            branch = branch.outer
        return None


def unknown(value: Any) -> bool:
    """Whether a value is an expression of step code."""
    return isinstance(value, _EXPRESSIONS)


def several(value: Any) -> TypeGuard[tuple[Any, ...]]:
    """Whether a value is several side by side."""
    return isinstance(value, tuple)


def kind_of(value: Any) -> Scalar | None:
    """The type that a value has in step code, if it has one."""
    if unknown(value):
        return value.type
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return I32
    return F64 if isinstance(value, float) else None


def as_kind(value: Any, kind: Scalar) -> Expr:
    """A value as an expression of a type."""
    if not unknown(value):
        return Literal(Const(bool(value) if kind is BOOL else float(value) if kind is F64 else int(value), kind))
    return value if value.type is kind else Convert(value, kind)


class Variables:
    """Writes step code.

    Attributes:
        locals: The slots that it has made.
    """

    def __init__(self) -> None:
        self.locals: list[Slot] = []
        self._top = self._at = Branch(None)

    @property
    def body(self) -> tuple[Stmt, ...]:
        """The statements until now."""
        return tuple(self._top.body)

    def get(self, cells: Cells, *index: int) -> Any:
        """The present value of a cell."""
        return self._at.get((cells.name, *cells.above, *index))

    def set(self, cells: Cells, index: tuple[int, ...], value: Any) -> None:
        """Give a cell a value."""
        if unknown(value):
            value = self.local(as_kind(value, cells.kind))
        else:
            value = float(value) if cells.kind is F64 else int(value)
        self._at.values[cells.name, *cells.above, *index] = value

    def remember(self, memory: Memory, index: Any, value: Any) -> None:
        """Write an element of a memory."""
        truth = self.compare(ast.NotEq(), value, 0)
        self._at.body.append(Assign(Place(memory.slot, (as_kind(index, I64),)), as_kind(truth, BOOL)))

    def local(self, value: Expr) -> Expr:
        """A local with a value; a literal or a local is its own."""
        if isinstance(value, Literal) or (isinstance(value, Place) and value.slot.storage is Storage.LOCAL):
            return value
        target = self._slot(value.type)
        self._at.body.append(Assign(target, value))
        return target

    def _slot(self, kind: Any) -> Place:
        slot = Slot(f"a{len(self.locals)}", kind, Storage.LOCAL)
        self.locals.append(slot)
        return Place(slot)

    def branch(self, condition: Any, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Follow both branches, and choose between what they leave.

        A branch that lanes would not leave out is computed in any case.
        """
        if not unknown(condition):
            (then if condition else otherwise)()
            return
        condition = self.local(condition)
        outer = self._at
        branches: list[Branch] = []
        for follow in (then, otherwise):
            self._at = Branch(outer)
            branches.append(self._at)
            follow()
        self._at = outer
        first, second = branches
        left = {key: (first.get(key), second.get(key)) for key in {**first.values, **second.values}}
        for branch in branches:
            if all(_pure(s) for s in branch.body) and cost(branch.body) < LEFT_OUT:
                outer.body += branch.body
                branch.body = []
        for key, (one, other) in left.items():
            outer.values[key] = self._meet(condition, one, other, branches)
        if first.body or second.body:
            yes, no = tuple(first.body), tuple(second.body)
            outer.body.append(If(condition, yes, no) if yes else If(Unary(UnaryOp.NOT, condition), no))

    def _meet(self, condition: Expr, one: Any, other: Any, branches: list[Branch]) -> Any:
        """What a variable is after two branches; nothing if one of them has no number for it."""
        if one is other or (not unknown(one) and not unknown(other) and same(one, other)):
            return one
        if several(one) and several(other):
            return tuple(self._meet(condition, *pair, branches) for pair in zip(one, other, strict=True))
        kinds = {kind_of(one), kind_of(other)}
        if None in kinds:
            return None
        kind = F64 if F64 in kinds else max(kinds, key=lambda k: k is I32)
        assert kind is not None
        first, second = as_kind(one, kind), as_kind(other, kind)
        if not (branches[0].body or branches[1].body):
            return self.local(Select(condition, first, second))
        target = self._slot(kind)
        if not branches[1].body:
            self._at.body.append(Assign(target, second))
            branches[0].body.append(Assign(target, first))
        elif not branches[0].body:
            self._at.body.append(Assign(target, first))
            branches[1].body.append(Assign(target, second))
        else:
            branches[0].body.append(Assign(target, first))
            branches[1].body.append(Assign(target, second))
        return target

    def lookup(self, key: Key) -> Any:
        """The value of a local of a call."""
        return self._at.get(key)

    def bind(self, key: Key, value: Any) -> None:
        """Give a local of a call a value."""
        self._at.values[key] = self.local(value) if unknown(value) else value

    # Operations.

    def binary(self, operator: ast.operator, left: Any, right: Any) -> Any:
        """An arithmetic operation."""
        op, known = _ARITHMETIC[type(operator)]
        if not unknown(left) and not unknown(right):
            return known(left, right)
        if op is BinaryOp.MUL and (_is(left, 1.0) or _is(right, 1.0)):
            return right if _is(left, 1.0) else left
        if (op is BinaryOp.SUB and _is(right, 0.0)) or (op is BinaryOp.DIV and _is(right, 1.0)):
            return left
        kinds = {kind_of(left), kind_of(right)}
        kind = F64 if F64 in kinds or op is BinaryOp.DIV else BOOL if kinds == {BOOL} else I32
        return Binary(op, as_kind(left, kind), as_kind(right, kind))

    def compare(self, operator: ast.cmpop, left: Any, right: Any) -> Any:
        """A comparison."""
        op, known = _COMPARISONS[type(operator)]
        if not unknown(left) and not unknown(right):
            return known(left, right)
        kinds = {kind_of(left), kind_of(right)}
        kind = F64 if F64 in kinds else BOOL if kinds == {BOOL} else I32
        if kind is BOOL and BinaryOp.EQ is not op is not BinaryOp.NE:
            raise NotSpecialisedError("an order of truths")
        return Binary(op, as_kind(left, kind), as_kind(right, kind))

    def negated(self, value: Any) -> Any:
        """The opposite of a truth."""
        return Unary(UnaryOp.NOT, value) if unknown(value) else not value


def _pure(stmt: Stmt) -> bool:
    """Whether a statement may as well run where its branch is not taken."""
    return isinstance(stmt, Assign) and not stmt.target.indices


def same(one: Any, other: Any) -> bool:
    """Whether two known values are the same, the sign of zero included."""
    return type(one) is type(other) and repr(one) == repr(other)


def _is(value: Any, number: float) -> bool:
    return not unknown(value) and isinstance(value, int | float) and value == number
