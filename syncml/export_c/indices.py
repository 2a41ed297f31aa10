"""Indices of arrays: sums of multiples of loop counters, written in ``size_t`` arithmetic.

Rule: an index is written so if no intermediate value can be negative or large for any values of the counters, in which
case nothing wraps. What a test says of a counter holds where it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.export_c.ctree import CExpr, Infix, Name, Number
from syncml.ir.step.syntax import Binary, BinaryOp, Expr, Literal, LoopIndex
from syncml.ir.types import Scalar

SMALL = 1 << 31
_SYMBOLS = {BinaryOp.QUOT: "/", BinaryOp.REM: "%"}


@dataclass(frozen=True, slots=True)
class Counter:
    """A loop counter in scope: its C name, and its values from ``low`` to before ``count``.

    Where the loop is unrolled it has one fixed ``value``.
    """

    name: str
    count: int
    value: int | None = None
    low: int = 0


@dataclass(frozen=True, slots=True)
class Affine:
    """An index expression in ``size_t`` arithmetic with its least and greatest value."""

    text: CExpr
    low: int
    high: int


def affine(expr: Expr, counters: Mapping[LoopIndex, Counter]) -> Affine | None:
    """``expr`` in ``size_t`` arithmetic if no intermediate value can be negative or large, else None."""
    match expr:
        case Literal() if expr.type is Scalar.I64:
            return _exactly(int(expr.value.machine()))
        case LoopIndex():
            counter = counters[expr]
            if counter.value is not None:
                return _exactly(counter.value)
            return Affine(Name(counter.name), counter.low, counter.count - 1)
        case Binary() if expr.type is Scalar.I64:
            left, right = affine(expr.left, counters), affine(expr.right, counters)
            return None if left is None or right is None else _combine(expr.op, left, right)
        case _:
            return None


def _exactly(value: int) -> Affine | None:
    return Affine(Number(f"{value}U"), value, value) if 0 <= value < SMALL else None


def _combine(op: BinaryOp, left: Affine, right: Affine) -> Affine | None:
    match op:
        case BinaryOp.ADD:
            low, high = left.low + right.low, left.high + right.high
        case BinaryOp.SUB:
            low, high = left.low - right.high, left.high - right.low
        case BinaryOp.MUL:
            low, high = left.low * right.low, left.high * right.high
        case BinaryOp.QUOT if right.low == right.high > 0:
            low, high = left.low // right.low, left.high // right.low
        case BinaryOp.REM if right.low == right.high > 0:
            low, high = (left.low, left.high) if left.high < right.low else (0, right.low - 1)
            if left.low == left.high:
                low = high = left.low % right.low
        case _:
            return None
    if low < 0 or high >= SMALL:
        return None
    if low == high:
        return _exactly(low)
    if op in (BinaryOp.ADD, BinaryOp.SUB) and right.high == 0:
        return left
    if op is BinaryOp.ADD and left.high == 0:
        return right
    symbol = _SYMBOLS.get(op, op.value)
    return Affine(Infix(symbol, left.text, right.text), low, high)


def within(test: Expr, counters: Mapping[LoopIndex, Counter]) -> Mapping[LoopIndex, Counter]:
    """``counters`` where ``test`` holds."""
    match test:
        case Binary(op=BinaryOp.AND):
            return within(test.right, within(test.left, counters))
        case Binary(left=LoopIndex() as index, right=Literal(value)):
            counter, bound = counters[index], int(value.machine())
            match test.op:
                case BinaryOp.GE:
                    return {**counters, index: replace(counter, low=max(counter.low, bound))}
                case BinaryOp.LT:
                    return {**counters, index: replace(counter, count=min(counter.count, bound))}
                case BinaryOp.EQ:
                    return {**counters, index: replace(counter, low=bound, count=bound + 1)}
                case _:
                    return counters
        case _:
            return counters
