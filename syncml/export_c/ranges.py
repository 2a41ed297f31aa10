"""Comparisons that are the same for all values.

Rule: C compilers flag a comparison that the types of its operands decide, and a value compared with itself; strict
builds make that an error. Such a comparison is printed as its value. What is decided here is what compilers look at:
literals, conversions from a narrower type, masks with a literal, and equal operands (`expressions` sees to those).
"""

from __future__ import annotations

from syncml.export_c.scalars import machine_scalar
from syncml.ir.step.syntax import Binary, BinaryOp, Convert, Expr, Literal, Select
from syncml.ir.types import BIT_WIDTH, FLOATS, SIGNED, UNSIGNED, Scalar, integer_range

Range = tuple[int, int]


def integer_values(expr: Expr) -> Range:
    """The least and the greatest value that ``expr``, an integer or a Boolean, can have by its form."""
    scalar = machine_scalar(expr.type)
    whole = (0, 1) if scalar is Scalar.BOOL else integer_range(scalar)
    match expr:
        case Literal():
            value = int(expr.value.machine())
            return value, value
        case Convert() if machine_scalar(expr.operand.type) not in FLOATS:
            low, high = integer_values(expr.operand)
            if low == high:
                return wrapped(low, scalar), wrapped(low, scalar)
            return (low, high) if whole[0] <= low and high <= whole[1] else whole
        case Select():
            (a, b), (c, d) = integer_values(expr.then), integer_values(expr.otherwise)
            return min(a, c), max(b, d)
        case Binary(op=BinaryOp.AND, left=left, right=right) if scalar in UNSIGNED:
            return 0, min(integer_values(left)[1], integer_values(right)[1])
        case _:
            return whole


def wrapped(value: int, scalar: Scalar) -> int:
    """``value`` converted to the machine integer type ``scalar``."""
    width = BIT_WIDTH[scalar]
    value &= (1 << width) - 1
    return value - (1 << width) if scalar in SIGNED and value >> (width - 1) else value


def decided(op: BinaryOp, left: Range, right: Range) -> bool | None:
    """The value of ``left op right`` if it is the same for all values in the ranges, else None."""
    match op:
        case BinaryOp.EQ | BinaryOp.NE:
            known = _equal(left, right)
            return known if known is None or op is BinaryOp.EQ else not known
        case BinaryOp.LT | BinaryOp.GE:
            known = _less(left, right)
            return known if known is None or op is BinaryOp.LT else not known
        case _:
            known = _less(right, left)
            return known if known is None or op is BinaryOp.GT else not known


def _equal(left: Range, right: Range) -> bool | None:
    if left[0] == left[1] == right[0] == right[1]:
        return True
    return False if left[1] < right[0] or right[1] < left[0] else None


def _less(left: Range, right: Range) -> bool | None:
    if left[1] < right[0]:
        return True
    return False if left[0] >= right[1] else None
