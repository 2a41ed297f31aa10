"""Step expressions without the parts that are the same for all values.

Rule: C compilers flag a comparison that the types of its operands decide, a value compared with itself, and a condition
that is a constant; strict builds make that an error, and MISRA C:2012 (rule 14.3) forbids it. Such parts are replaced
by their value before they are printed, and so is an integer taken from itself. What is decided here is what compilers
look at: literals, conversions from a narrower type, masks with a literal, and equal operands; `expressions` sees to
what only the text in C tells.
"""

from __future__ import annotations

from syncml.export_c.scalars import machine_scalar
from syncml.ir.constants import Const
from syncml.ir.step.syntax import Binary, BinaryOp, Convert, Expr, Literal, Select, Unary, UnaryOp
from syncml.ir.step.traverse import operands, rebuild
from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, SIGNED, UNSIGNED, Scalar, integer_range

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


def simplify(expr: Expr) -> Expr:
    """An expression of the same value for all values of the operands, without constant conditions."""
    parts = operands(expr)
    if not parts:
        return expr
    simple = rebuild(expr, tuple(map(simplify, parts)))
    match simple:
        case Select(condition=Literal(value=Const(value=chosen))):
            return simple.then if chosen else simple.otherwise
        case Select() if simple.then == simple.otherwise:
            return simple.then
        case Convert(operand=Literal()) if _integral(simple.operand) and _integral(simple) and simple.type != BOOL:
            value = integer_values(simple)[0]
            return Literal(Const(value, simple.type)) if isinstance(simple.type, Scalar) else simple
        case Unary(op=UnaryOp.NOT, operand=Literal(value=Const(value=bool(chosen)))):
            return _truth(not chosen)
        case Binary(op=BinaryOp.SUB | BinaryOp.XOR) if (
            simple.left == simple.right and _integral(simple) and simple.type is not BOOL
        ):
            # Compilers see this zero, and warn where it is a divisor, guarded or not.
            return Literal(Const(0, simple.type)) if isinstance(simple.type, Scalar) else simple
        case Binary() if simple.type is BOOL:
            return _logical(simple) if simple.left.type is BOOL else _comparison(simple)
        case _:
            return simple


def _integral(expr: Expr) -> bool:
    return machine_scalar(expr.type) not in FLOATS


def _truth(value: bool) -> Expr:
    return Literal(Const(value, BOOL))


def _comparison(expr: Binary) -> Expr:
    if not _integral(expr.left):
        return expr
    if expr.left == expr.right:
        return _truth(expr.op in (BinaryOp.EQ, BinaryOp.LE, BinaryOp.GE))
    known = decided(expr.op, integer_values(expr.left), integer_values(expr.right))
    return expr if known is None else _truth(known)


def _logical(expr: Binary) -> Expr:
    """``expr`` on Booleans, without an operand that is a constant."""
    for constant, other in ((expr.left, expr.right), (expr.right, expr.left)):
        if isinstance(constant, Literal):
            value = bool(constant.value.machine())
            match expr.op:
                case BinaryOp.AND:
                    return other if value else _truth(False)
                case BinaryOp.OR:
                    return _truth(True) if value else other
                case BinaryOp.XOR | BinaryOp.NE:
                    return simplify(Unary(UnaryOp.NOT, other)) if value else other
                case _:
                    return other if value else simplify(Unary(UnaryOp.NOT, other))
    if expr.left == expr.right and expr.op in (BinaryOp.XOR, BinaryOp.NE, BinaryOp.EQ):
        return _truth(expr.op is BinaryOp.EQ)
    left, right = _test(expr.left), _test(expr.right)
    if left is not None and right is not None and left[0] == right[0] and left[1] != right[1]:
        # Equal to two different numbers, or different from one of them.
        if expr.op is BinaryOp.AND and left[2] and right[2]:
            return _truth(False)
        if expr.op is BinaryOp.OR and not left[2] and not right[2]:
            return _truth(True)
    return expr


def _test(expr: Expr) -> tuple[Expr, int, bool] | None:
    """``operand == number`` or ``operand != number`` as (operand, number, whether they must be equal)."""
    if isinstance(expr, Unary) and expr.op is UnaryOp.NOT:
        inner = _test(expr.operand)
        return None if inner is None else (inner[0], inner[1], not inner[2])
    if not isinstance(expr, Binary) or expr.op not in (BinaryOp.EQ, BinaryOp.NE) or not _integral(expr.left):
        return None
    for constant, other in ((expr.left, expr.right), (expr.right, expr.left)):
        low, high = integer_values(constant)
        if low == high:
            return other, low, expr.op is BinaryOp.EQ
    return None
