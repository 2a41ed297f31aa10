"""A notation for writing pure `Function` values of step code in Python.

Rule: a `Value` is one expression over literals and locals. Python's operators build nested expressions and never
name anything; `Builder.let` makes a local. A compound value that is used twice must therefore be named first,
or its operations would be written, and run, twice (the tests hold that no function does so).

What a selection chooses between, and what a Boolean connective joins, must be names or constants. A compiler may then
compute both sides without asking whether that is safe, so it neither branches nor gives up on vectors.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, dtype
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Literal,
    Place,
    Select,
    Slot,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, FLOATS, Scalar


def literal(value: float, type_: Scalar) -> Literal:
    """A literal of ``type_`` that denotes exactly ``value``.

    Raises:
        ValueError: ``type_`` cannot represent ``value``; a constant that silently rounds is a wrong constant.
    """
    number = float(value) if type_ in FLOATS else int(value)
    if dtype(type_).type(number).item() != value or not np.isfinite(value):
        raise ValueError(f"{value!r} is no value of {type_}")
    return Literal(Const(number, type_))


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar expression with Python's operators; numbers on the right or left take its type."""

    expr: Expr

    @property
    def type(self) -> Scalar:
        """The scalar type of the expression."""
        found = self.expr.type
        assert isinstance(found, Scalar), "elementary functions have no enumerations"
        return found

    def _binary(self, op: BinaryOp, other: Value | float) -> Value:
        right = self.same_type(other)
        if self.type is BOOL:
            _require_atoms(self, right)
        return Value(Binary(op, self.expr, right.expr))

    def same_type(self, other: Value | float) -> Value:
        """``other``, a plain number as a literal of this value's type."""
        return other if isinstance(other, Value) else Value(literal(other, self.type))

    def __add__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.ADD, other)

    def __radd__(self, other: float) -> Value:
        return self.same_type(other) + self

    def __sub__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.SUB, other)

    def __rsub__(self, other: float) -> Value:
        return self.same_type(other) - self

    def __mul__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.MUL, other)

    def __rmul__(self, other: float) -> Value:
        return self.same_type(other) * self

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.DIV, other)

    def __rtruediv__(self, other: float) -> Value:
        return self.same_type(other) / self

    def __and__(self, other: Value | int) -> Value:
        return self._binary(BinaryOp.AND, other)

    def __or__(self, other: Value | int) -> Value:
        return self._binary(BinaryOp.OR, other)

    def __xor__(self, other: Value | int) -> Value:
        return self._binary(BinaryOp.XOR, other)

    def __lshift__(self, count: Value | int) -> Value:
        return self._binary(BinaryOp.SHL, count)

    def __rshift__(self, count: Value | int) -> Value:
        return self._binary(BinaryOp.SHR, count)

    def __lt__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.LT, other)

    def __le__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.LE, other)

    def __gt__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.GT, other)

    def __ge__(self, other: Value | float) -> Value:
        return self._binary(BinaryOp.GE, other)

    def __neg__(self) -> Value:
        return Value(Unary(UnaryOp.NEG, self.expr))

    def __invert__(self) -> Value:
        return Value(Unary(UnaryOp.NOT, self.expr))

    def equals(self, other: Value | int) -> Value:
        """Equality, as a Boolean value (``==`` keeps Python's meaning)."""
        return self._binary(BinaryOp.EQ, other)

    def differs(self, other: Value | int) -> Value:
        """Negated equality, as a Boolean value."""
        return self._binary(BinaryOp.NE, other)

    def bits_as(self, type_: Scalar) -> Value:
        """The same bits as ``type_``."""
        return Value(Bitcast(self.expr, type_))

    def convert(self, type_: Scalar) -> Value:
        """The value as ``type_``."""
        return Value(Convert(self.expr, type_))


def select(condition: Value, then: Value | float, otherwise: Value | float) -> Value:
    """``condition ? then : otherwise``; at least one branch is a `Value`."""
    typed = then if isinstance(then, Value) else otherwise
    assert isinstance(typed, Value), "the type of a selection needs a typed branch"
    first, second = typed.same_type(then), typed.same_type(otherwise)
    _require_atoms(first, second)
    return Value(Select(condition.expr, first.expr, second.expr))


def _require_atoms(*values: Value) -> None:
    for value in values:
        inner = value.expr.operand if isinstance(value.expr, Bitcast | Unary) else value.expr
        if not isinstance(inner, Literal | Place):
            raise ValueError(f"name the compound value {value.expr} first")


@dataclass(slots=True)
class Builder:
    """The parameters and the single assignments of a function under construction."""

    name: str
    _parameters: list[Slot] = field(default_factory=list[Slot])
    _body: list[Assign] = field(default_factory=list[Assign])
    _names: set[str] = field(default_factory=set[str])

    def _slot(self, name: str, type_: Scalar, storage: Storage) -> Slot:
        unique, number = name, 1
        while unique in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique)
        return Slot(unique, type_, storage)

    def parameter(self, name: str, type_: Scalar) -> Value:
        """The next parameter."""
        slot = self._slot(name, type_, Storage.INPUT)
        self._parameters.append(slot)
        return Value(Place(slot))

    def let(self, name: str, value: Value) -> Value:
        """A new local that holds ``value``; a name taken before gets a number."""
        slot = self._slot(name, value.type, Storage.LOCAL)
        self._body.append(Assign(Place(slot), value.expr))
        return Value(Place(slot))

    def function(self, result: Value) -> Function:
        """The finished function."""
        return Function(self.name, tuple(self._parameters), (), tuple(self._body), result.expr)
