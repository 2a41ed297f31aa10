"""Values of expressions of step code over what is known before the program runs.

Rule: Booleans, integers and constructors are known, numbers with a fraction never; what would wrap, and what an
operation below does not handle, counts as unknown. So a known value is the value of the expression in every run in
which the slots have the values given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from syncml.ir.constants import Array, Const
from syncml.ir.step.syntax import (
    Apply,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    Literal,
    Place,
    Select,
    Slot,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import operands
from syncml.ir.types import BOOL, FLOATS, Scalar, integer_range

Value: TypeAlias = bool | int | str
Known: TypeAlias = dict[Slot, Value]


def initial_value(slot: Slot) -> Value | None:
    """The value of a register after `init`, where it is a Boolean, an integer or a constructor."""
    constant = slot.initial
    if constant is None or isinstance(constant, Array):
        return None
    value = constant.value
    return value if isinstance(value, bool | int | str) else None


def evaluate(expr: Expr, known: Mapping[Slot, Value], bound: Mapping[Slot, Value] | None = None) -> Value | None:
    """The value of an expression over what is known; None where it is not."""
    match expr:
        case Literal():
            value = expr.value.value
            return value if isinstance(value, bool | int | str) and expr.type not in FLOATS else None
        case Place():
            return _read(expr, known, bound)
        case Apply():
            return _call(expr, known, bound)
        case Select():
            condition = evaluate(expr.condition, known, bound)
            if condition is None:
                return None
            return evaluate(expr.then if condition else expr.otherwise, known, bound)
        case Convert():
            value = evaluate(expr.operand, known, bound)
            return value if isinstance(value, int) and expr.to is not BOOL and _fits(value, expr.type) else None
        case _:
            values = [evaluate(part, known, bound) for part in operands(expr)]
            if isinstance(expr, Binary) and (shortcut := _absorbed(expr.op, values)) is not None:
                return shortcut
            numbers = [v for v in values if v is not None]
            return _operate(expr, numbers) if values and len(numbers) == len(values) else None


def _read(place: Place, known: Mapping[Slot, Value], bound: Mapping[Slot, Value] | None) -> Value | None:
    slot = place.slot
    if not place.indices:
        return (bound or {}).get(slot, known.get(slot))
    table = slot.initial.value if isinstance(slot.initial, Const) else slot.initial
    if slot.storage is not Storage.CONSTANT or not isinstance(table, Array):
        return None
    indices = [evaluate(index, known, bound) for index in place.indices]
    numbers = tuple(i for i in indices if isinstance(i, int))
    if len(numbers) < len(indices):
        return None
    value = table.numpy()[numbers].item()
    return value if isinstance(value, bool | int) else None


def _call(expr: Apply, known: Mapping[Slot, Value], bound: Mapping[Slot, Value] | None) -> Value | None:
    inside: Known = {}
    for parameter, argument in zip(expr.function.parameters, expr.arguments, strict=True):
        value = evaluate(argument, known, bound)
        if value is None:
            return None
        inside[parameter] = value
    for statement in expr.function.body:
        value = evaluate(statement.value, {}, inside)
        if value is not None:
            inside[statement.target.slot] = value
    return evaluate(expr.function.result, {}, inside)


def _absorbed(op: BinaryOp, values: Sequence[Value | None]) -> bool | None:
    """A connective that one of its sides decides."""
    if op is BinaryOp.AND and any(v is False for v in values):
        return False
    if op is BinaryOp.OR and any(v is True for v in values):
        return True
    return None


def _operate(expr: Expr, values: Sequence[Value]) -> Value | None:
    match expr, values:
        case Unary(UnaryOp.NOT), [bool() as x]:
            return not x
        case Binary(BinaryOp.EQ), [x, y]:
            return x == y
        case Binary(BinaryOp.NE), [x, y]:
            return x != y
        case Binary(op), [int() as x, int() as y]:
            return _arithmetic(op, x, y, expr)
        case _:
            return None


def _arithmetic(op: BinaryOp, x: int, y: int, expr: Expr) -> Value | None:
    match op:
        case BinaryOp.LT:
            return x < y
        case BinaryOp.LE:
            return x <= y
        case BinaryOp.GT:
            return x > y
        case BinaryOp.GE:
            return x >= y
        case BinaryOp.AND:
            return x & y
        case BinaryOp.OR:
            return x | y
        case BinaryOp.XOR:
            return x ^ y
        case BinaryOp.ADD | BinaryOp.SUB | BinaryOp.MUL:
            value = x + y if op is BinaryOp.ADD else x - y if op is BinaryOp.SUB else x * y
            return value if _fits(value, expr.type) else None
        case _:
            return None


def _fits(value: int, type_: object) -> bool:
    """Whether a value needs no wrapping; what wraps counts as unknown."""
    if not isinstance(type_, Scalar) or type_ not in _MACHINE:
        return False
    low, high = integer_range(type_)
    return low <= value <= high


_MACHINE = frozenset(s for s in Scalar if s.value[0] in "iu" and s.value[1:].isdigit())
