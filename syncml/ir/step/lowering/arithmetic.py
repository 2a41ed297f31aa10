"""Total operators from partial ones: the pure functions that stand for what mathematics leaves undefined.

Rule: each function has the value that the operator table states for every argument, and its body applies a partial
operation of step code only to operands for which that operation is defined: a divisor, shift count or float that is
not safe is replaced by a safe one first, and the result of that branch is never selected.
"""

from __future__ import annotations

from functools import cache

from syncml.ir.elementary.builder import Builder, Value, literal, select
from syncml.ir.step.syntax import Binary, BinaryOp, Function
from syncml.ir.types import BIT_WIDTH, SIGNED, UNSIGNED, Element, EnumType, Scalar, integer_range


def _binary(op: BinaryOp, left: Value, right: Value) -> Value:
    return Value(Binary(op, left.expr, right.expr))


def _value(number: float, type_: Scalar) -> Value:
    return Value(literal(number, type_))


@cache
def floor_divide(type_: Scalar) -> Function:
    """``x // y`` rounded down; 0 for y = 0; -x, wrapped, for y = -1."""
    b = Builder(f"floordiv_{type_}")
    x, y = b.parameter("x", type_), b.parameter("y", type_)
    if type_ in UNSIGNED:
        divisor = b.let("divisor", select(y.equals(0), 1, y))
        quotient = b.let("quotient", _binary(BinaryOp.QUOT, x, divisor))
        return b.function(select(y.equals(0), 0, quotient))
    divisor = _safe_divisor(b, y)
    quotient = b.let("quotient", _binary(BinaryOp.QUOT, x, divisor))
    remainder = b.let("remainder", _binary(BinaryOp.REM, x, divisor))
    below = b.let("below", quotient - 1)
    floor = b.let("floor", select(_rounds_up(b, remainder, divisor), below, quotient))
    nonzero = b.let("nonzero", select(y.equals(-1), -x, floor))
    return b.function(select(y.equals(0), 0, nonzero))


@cache
def modulo(type_: Scalar) -> Function:
    """``x % y`` with the sign of y; x for y = 0; 0 for y = -1."""
    b = Builder(f"mod_{type_}")
    x, y = b.parameter("x", type_), b.parameter("y", type_)
    if type_ in UNSIGNED:
        divisor = b.let("divisor", select(y.equals(0), 1, y))
        remainder = b.let("remainder", _binary(BinaryOp.REM, x, divisor))
        return b.function(select(y.equals(0), x, remainder))
    divisor = _safe_divisor(b, y)
    remainder = b.let("remainder", _binary(BinaryOp.REM, x, divisor))
    above = b.let("above", remainder + divisor)
    result = b.let("result", select(_rounds_up(b, remainder, divisor), above, remainder))
    return b.function(select(y.equals(0), x, result))


def _safe_divisor(b: Builder, y: Value) -> Value:
    """``y``, or 1 for the two divisors whose quotient may not exist."""
    zero, minus_one = b.let("is_zero", y.equals(0)), b.let("is_minus_one", y.equals(-1))
    return b.let("divisor", select(zero | minus_one, 1, y))


def _rounds_up(b: Builder, remainder: Value, divisor: Value) -> Value:
    """Whether the truncated quotient lies above the exact one: the remainder has the divisor's opposite sign."""
    inexact = b.let("inexact", remainder.differs(0))
    opposite = b.let("opposite", (remainder ^ divisor) < 0)
    return b.let("rounds_up", inexact & opposite)


@cache
def shift(op: BinaryOp, type_: Scalar) -> Function:
    """``x << count`` or ``x >> count``; 0 for a count below 0 or of at least the width."""
    b = Builder(f"{op.name.lower()}_{type_}")
    x, count = b.parameter("x", type_), b.parameter("count", type_)
    fits = b.let("below_width", count < BIT_WIDTH[type_])
    if type_ in SIGNED:
        fits = b.let("fits", b.let("not_negative", count >= 0) & fits)
    safe = b.let("safe", select(fits, count, 0))
    shifted = b.let("shifted", _binary(op, x, safe))
    return b.function(select(fits, shifted, 0))


@cache
def to_integer(source: Scalar, target: Scalar) -> Function:
    """A float truncated to an integer type, saturated at its ends; 0 for NaN."""
    low, high = integer_range(target)
    b = Builder(f"{target}_of_{source}")
    x = b.parameter("x", source)
    # Both bounds are powers of two (or 0), hence exact in either float type; ``high`` itself is not. Each choice is
    # between two values that are there, so that none has to become a branch.
    below_end = b.let("below_end", select(x < float(high + 1), x, 0.0))
    safe = b.let("safe", select(below_end < float(low), float(low), below_end))
    whole = b.let("whole", safe.convert(target))
    return b.function(select(x >= float(high + 1), _value(high, target), whole))


@cache
def extreme(op: BinaryOp, type_: Scalar) -> Function:
    """``min`` (LT) or ``max`` (GT): y if y is strictly beyond x, else x."""
    b = Builder(f"{'min' if op is BinaryOp.LT else 'max'}_{type_}")
    x, y = b.parameter("x", type_), b.parameter("y", type_)
    return b.function(select(_binary(op, y, x), y, x))


@cache
def real_divide(type_: Scalar) -> Function:
    """``x / y`` on what stands for a mathematical real: 0 for y = 0."""
    b = Builder(f"real_div_{type_}")
    x, y = b.parameter("x", type_), b.parameter("y", type_)
    quotient = b.let("quotient", x / y)
    return b.function(select(_binary(BinaryOp.EQ, y, _value(0.0, type_)), 0.0, quotient))


@cache
def clamp_index(type_: Scalar, extent: int) -> Function:
    """An index of an axis of ``extent``, as ``i64``: below 0 it is 0, beyond the axis the last."""
    b = Builder(f"clamp_{type_}_{extent}")
    i = b.parameter("i", type_)
    last = min(extent - 1, integer_range(type_)[1])
    clamped = b.let("below", select(i > last, last, i))
    if type_ in SIGNED:
        clamped = b.let("clamped", select(clamped < 0, 0, clamped))
    return b.function(clamped if type_ is Scalar.I64 else clamped.convert(Scalar.I64))


def machine_element(kind: Element) -> Element:
    """The type in step code: mathematical integers become ``i64``, mathematical reals ``f64``."""
    if isinstance(kind, EnumType):
        return kind
    return {Scalar.INT: Scalar.I64, Scalar.REAL: Scalar.F64}.get(kind, kind)
