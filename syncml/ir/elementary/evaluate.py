"""Evaluation of pure functions on NumPy scalars and arrays.

Rule: each expression of step code is one NumPy operation on the machine types of its operands, so IEEE-754 operations
round once and integers wrap; arrays are evaluated element by element, with broadcasting between the arguments.
Nothing warns: every special value is a defined result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.step.syntax import (
    Apply,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Literal,
    LoopIndex,
    Place,
    Select,
    Slot,
    Unary,
    UnaryOp,
)

Machine: TypeAlias = Any
"""A NumPy scalar or array of a machine type."""

Environment: TypeAlias = dict[Slot, Machine]


def evaluate(function: Function, *arguments: Machine) -> Machine:
    """``function`` of the arguments, elementwise; a scalar if all of them are scalars.

    Raises:
        TypeError: an argument has not the machine type of its parameter, or there are too few or too many.
    """
    if len(arguments) != len(function.parameters):
        raise TypeError(f"{function.name} takes {len(function.parameters)} arguments, not {len(arguments)}")
    environment: Environment = {table: _table(table) for table in function.tables}
    for parameter, argument in zip(function.parameters, arguments, strict=True):
        if np.asarray(argument).dtype != dtype(Place(parameter).type):
            raise TypeError(f"{function.name}: {parameter.name} is {parameter.type}, not {argument!r}")
        environment[parameter] = argument
    with np.errstate(all="ignore"):
        for assignment in function.body:
            environment[assignment.target.slot] = _value(assignment.value, environment)
        return _value(function.result, environment)


def _table(slot: Slot) -> Machine:
    contents = slot.initial
    if isinstance(contents, Const):
        contents = contents.value
    if not isinstance(contents, Array):
        raise TypeError(f"the table {slot.name} has no contents")
    return contents.numpy()


def _value(expr: Expr, environment: Environment) -> Machine:
    match expr:
        case Literal(value):
            return value.machine()
        case Place(slot, indices):
            stored = environment[slot]
            return stored[tuple(_value(i, environment) for i in indices)] if indices else stored
        case Unary(op, operand):
            return _unary(op, _value(operand, environment))
        case Binary(op, left, right):
            return _BINARY[op](_value(left, environment), _value(right, environment))
        case Select(condition, then, otherwise):
            return _select(*(_value(part, environment) for part in (condition, then, otherwise)))
        case Convert(operand, to):
            return _value(operand, environment).astype(dtype(to))
        case Bitcast(operand, to):
            return _value(operand, environment).view(dtype(to))
        case Apply(function, arguments):
            return evaluate(function, *(_value(a, environment) for a in arguments))
        case LoopIndex():
            raise TypeError("a pure function has no loops")
        case _:
            assert_never(expr)


def _select(condition: Machine, then: Machine, otherwise: Machine) -> Machine:
    branches: tuple[NDArray[Any], NDArray[Any]] = (np.asarray(then), np.asarray(otherwise))
    return np.where(condition, *branches)[()]  # a scalar again where all three were


def _unary(op: UnaryOp, operand: Machine) -> Machine:
    match op:
        case UnaryOp.NEG:
            return np.negative(operand)
        case UnaryOp.NOT:
            return np.invert(operand)
        case UnaryOp.ABS:
            return np.absolute(operand)
        case UnaryOp.SQRT:
            return np.sqrt(operand)
        case _:
            assert_never(op)


def _quotient(left: Machine, right: Machine) -> Machine:
    """Division of integers that truncates."""
    return np.floor_divide(left - np.fmod(left, right), right)


_BINARY: dict[BinaryOp, Callable[[Machine, Machine], Machine]] = {
    BinaryOp.ADD: np.add,
    BinaryOp.SUB: np.subtract,
    BinaryOp.MUL: np.multiply,
    BinaryOp.DIV: np.divide,
    BinaryOp.QUOT: _quotient,
    BinaryOp.REM: np.fmod,
    BinaryOp.AND: np.bitwise_and,
    BinaryOp.OR: np.bitwise_or,
    BinaryOp.XOR: np.bitwise_xor,
    BinaryOp.SHL: np.left_shift,
    BinaryOp.SHR: np.right_shift,
    BinaryOp.EQ: np.equal,
    BinaryOp.NE: np.not_equal,
    BinaryOp.LT: np.less,
    BinaryOp.LE: np.less_equal,
    BinaryOp.GT: np.greater,
    BinaryOp.GE: np.greater_equal,
}
