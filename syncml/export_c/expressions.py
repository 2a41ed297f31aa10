"""From step expressions to C expressions.

Rule: a C expression of the lowering has the C type of the step expression's type and its value for every value of
the operands that step code allows. Operators that C defines alike for the type are written with C's operator; the
others are calls of `helpers`. An index that is an affine combination of loop counters and provably small is written
in ``size_t`` arithmetic, which cannot wrap there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from syncml.dataclass import dataclass
from syncml.export_c.asides import Asides
from syncml.export_c.ctree import Call, Cast, CExpr, Conditional, Infix, Name, Number, Prefix, Subscript
from syncml.export_c.helpers import EXTENSIONS
from syncml.export_c.indices import SMALL, Counter, affine
from syncml.export_c.scalars import c_type, constant, literal, machine_scalar, number
from syncml.export_c.simplify import Range, decided, integer_values, simplify, wrapped
from syncml.ir.step.syntax import (
    COMPARISONS,
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
from syncml.ir.types import BIT_WIDTH, FLOATS, MACHINE_INTEGERS, SIGNED, UNSIGNED, EnumType, Scalar, integer_range

_NAMES = {
    BinaryOp.ADD: "add", BinaryOp.SUB: "sub", BinaryOp.MUL: "mul", BinaryOp.AND: "and", BinaryOp.OR: "or",
    BinaryOp.XOR: "xor", BinaryOp.SHL: "shl", BinaryOp.SHR: "shr", BinaryOp.QUOT: "quot", BinaryOp.REM: "rem",
}  # fmt: skip
_SYMBOLS = {BinaryOp.QUOT: "/", BinaryOp.REM: "%"}
_LOGICAL = {BinaryOp.AND: "&&", BinaryOp.OR: "||"}
_TRUE: CExpr = Name("true")
_FALSE: CExpr = Name("false")
_COMPARISONS = frozenset(op.value for op in COMPARISONS)


@dataclass(frozen=True, slots=True)
class Scope:
    """What step names mean in C at one place of a function.

    Attributes:
        slots: The C object of each slot.
        functions: The C name of each pure function.
        counters: The loop counters in scope.
        enums: The macros of the constructors of each enumeration.
        asides: Where operands that need a name of their own are declared, before the statement.
    """

    slots: Mapping[Slot, CExpr]
    functions: Mapping[Function, str]
    counters: Mapping[LoopIndex, Counter]
    enums: Mapping[EnumType, tuple[str, ...]]
    asides: Asides


def place(target: Place, scope: Scope) -> CExpr:
    """The C object that ``target`` denotes."""
    result = scope.slots[target.slot]
    for index in target.indices:
        result = Subscript(result, subscript(index, scope))
    return result


def subscript(index: Expr, scope: Scope) -> CExpr:
    """``index`` as the subscript of an array."""
    small = affine(index, scope.counters)
    if small is None:
        return _lower(index, scope)
    return Number(str(small.low)) if small.low == small.high else small.text


def lower(expr: Expr, scope: Scope) -> CExpr:
    """``expr`` as a C expression of its C type."""
    return _lower(simplify(expr), scope)


def _lower(expr: Expr, scope: Scope) -> CExpr:
    match expr:
        case Literal():
            kind = expr.type
            if isinstance(kind, EnumType) and kind in scope.enums:
                return Name(scope.enums[kind][int(expr.value.machine())])
            return literal(expr.value)
        case LoopIndex():
            counter = scope.counters[expr]
            if counter.value is not None:
                return number(counter.value, Scalar.I64)
            return Cast("int64_t", Name(counter.name))
        case Place():
            return place(expr, scope)
        case Unary():
            return _unary(expr.op, _lower(expr.operand, scope), machine_scalar(expr.type))
        case Binary():
            return _binary(expr, scope)
        case Select():
            condition, then, otherwise = (_lower(e, scope) for e in (expr.condition, expr.then, expr.otherwise))
            return _choice(condition, then, otherwise, machine_scalar(expr.type), scope)
        case Convert():
            return _convert(expr, scope)
        case Bitcast():
            return _bitcast(expr, scope)
        case Apply():
            return Call(scope.functions[expr.function], tuple(_lower(a, scope) for a in expr.arguments))
        case _:
            assert_never(expr)


def _choice(condition: CExpr, then: CExpr, otherwise: CExpr, scalar: Scalar, scope: Scope) -> CExpr:
    """A conditional expression whose operands show their essential type (MISRA C:2012 rules 10.3, 10.6, 12.1)."""
    if condition in (_TRUE, _FALSE):
        return then if condition == _TRUE else otherwise
    if scalar is Scalar.BOOL:
        then, otherwise = _as_truth(then), _as_truth(otherwise)
    elif scalar in MACHINE_INTEGERS:
        # A literal is of the least type that it fits, and a choice of narrow numbers is an int.
        narrow = BIT_WIDTH[scalar] < 32
        if (narrow and _is_int(then)) or (constant(then) is not None and constant(otherwise) is not None):
            then = Cast(c_type(scalar), then)
        if narrow and _is_int(otherwise):
            otherwise = Cast(c_type(scalar), otherwise)
    return scope.asides.choice(condition, then, otherwise, c_type(scalar))


def _is_int(operand: CExpr) -> bool:
    """Whether an operand of a narrow type is an ``int`` in C."""
    return isinstance(operand, Conditional) or constant(operand) is not None


def _unary(op: UnaryOp, operand: CExpr, scalar: Scalar) -> CExpr:
    single = scalar is Scalar.F32
    match op:
        case UnaryOp.NEG:
            if scalar in FLOATS:
                return Prefix("-", operand)
            return Call(f"neg_{scalar}", (operand,))
        case UnaryOp.NOT:
            if scalar is Scalar.BOOL:
                return _truth(operand == _FALSE) if operand in (_TRUE, _FALSE) else Prefix("!", operand)
            # Always a call: gcc takes ~x compared with 0 for a mistake.
            return Call(f"not_{scalar}", (operand,))
        case UnaryOp.ABS:
            if scalar in FLOATS:
                return Call("fabsf" if single else "fabs", (operand,))
            return operand if scalar in UNSIGNED else Call(f"abs_{scalar}", (operand,))
        case UnaryOp.SQRT:
            return Call("sqrtf" if single else "sqrt", (operand,))
        case _:
            assert_never(op)


def _plain_unsigned(scalar: Scalar) -> bool:
    """Whether C's unsigned arithmetic on ``scalar`` is not widened by promotion."""
    return scalar in UNSIGNED and BIT_WIDTH[scalar] >= 32


def _binary(expr: Binary, scope: Scope) -> CExpr:
    if expr.op in COMPARISONS:
        return _comparison(expr, scope)
    scalar = machine_scalar(expr.type)
    left, right = _lower(expr.left, scope), _lower(expr.right, scope)
    if scalar is Scalar.BOOL:
        return _logical(expr.op, left, right)
    if scalar in FLOATS:
        return Infix(expr.op.value, left, right)
    if not _defined(expr.op, scalar, left, right):
        # The code around it never evaluates it, and compilers flag it.
        return left
    if expr.op in _SYMBOLS and BIT_WIDTH[scalar] >= 32:
        dividend, divisor = constant(left), constant(right)
        if dividend is None or divisor is None:
            return Infix(_SYMBOLS[expr.op], left, right)
        quotient = abs(dividend) // abs(divisor) * (-1 if (dividend < 0) != (divisor < 0) else 1)
        return number(quotient if expr.op is BinaryOp.QUOT else dividend - (quotient * divisor), scalar)
    if _plain_unsigned(scalar):
        folded = _folded(expr.op, constant(left), constant(right))
        return Infix(expr.op.value, left, right) if folded is None else number(wrapped(folded, scalar), scalar)
    return Call(f"{_NAMES[expr.op]}_{scalar}", (left, right))


def _folded(op: BinaryOp, left: int | None, right: int | None) -> int | None:
    """The exact value of ``left op right`` for two constants, None otherwise; compilers compute these too."""
    if left is None or right is None:
        return None
    match op:
        case BinaryOp.ADD:
            return left + right
        case BinaryOp.SUB:
            return left - right
        case BinaryOp.MUL:
            return left * right
        case BinaryOp.AND:
            return left & right
        case BinaryOp.OR:
            return left | right
        case BinaryOp.XOR:
            return left ^ right
        case BinaryOp.SHL:
            return left << right
        case BinaryOp.SHR:
            return left >> right
        case _:
            return None


def _logical(op: BinaryOp, left: CExpr, right: CExpr) -> CExpr:
    """``left op right`` on Booleans, without invariant parts (MISRA C:2012 rule 14.3)."""
    if op is BinaryOp.XOR:
        return _FALSE if left == right else _compared("!=", left, right, Scalar.BOOL)
    neutral = _TRUE if op is BinaryOp.AND else _FALSE
    if left == neutral:
        return right
    if right == neutral:
        return left
    if _truth(neutral == _FALSE) in (left, right):
        return _truth(neutral == _FALSE)
    return Infix(_LOGICAL[op], left, right)


def _defined(op: BinaryOp, scalar: Scalar, left: CExpr, right: CExpr) -> bool:
    """Whether an integer operation has a value, as far as constant operands tell."""
    value = constant(right)
    if value is None:
        return True
    match op:
        case BinaryOp.QUOT | BinaryOp.REM:
            return value != 0 and not (value == -1 and constant(left) == integer_range(scalar)[0])
        case BinaryOp.SHL | BinaryOp.SHR:
            return 0 <= value < BIT_WIDTH[scalar]
        case _:
            return True


def _comparison(expr: Binary, scope: Scope) -> CExpr:
    scalar = machine_scalar(expr.left.type)
    if scalar is Scalar.I64:
        small_left, small_right = affine(expr.left, scope.counters), affine(expr.right, scope.counters)
        if small_left is not None and small_right is not None:
            known = decided(expr.op, (small_left.low, small_left.high), (small_right.low, small_right.high))
            return Infix(expr.op.value, small_left.text, small_right.text) if known is None else _truth(known)
    left, right = _lower(expr.left, scope), _lower(expr.right, scope)
    known = None if scalar in FLOATS else _known(expr, left, right)
    return _compared(expr.op.value, left, right, scalar) if known is None else _truth(known)


def _compared(symbol: str, left: CExpr, right: CExpr, scalar: Scalar) -> CExpr:
    if scalar is Scalar.BOOL:
        left, right = _as_truth(left), _as_truth(right)
    return Infix(symbol, left, right)


def _as_truth(operand: CExpr) -> CExpr:
    """A Boolean operand that is a value, not a condition: a comparison, an int in C, as ``bool`` (rule 10.4)."""
    comparison = isinstance(operand, Infix) and operand.op in _COMPARISONS
    return Cast("bool", operand) if comparison else operand


def _known(expr: Binary, left: CExpr, right: CExpr) -> bool | None:
    """The value of a comparison of integers that its form decides, else None."""
    if left == right:
        return expr.op in (BinaryOp.EQ, BinaryOp.LE, BinaryOp.GE)
    left_range, right_range = _values(expr.left, left), _values(expr.right, right)
    if expr.op in (BinaryOp.EQ, BinaryOp.NE) and (_masked(left, constant(right)) or _masked(right, constant(left))):
        return expr.op is BinaryOp.NE
    return decided(expr.op, left_range, right_range)


def _masked(expr: CExpr, value: int | None) -> bool:
    """Whether ``expr`` combines something with a constant so that it cannot be the constant ``value``."""
    if value is None or not isinstance(expr, Infix) or expr.op not in ("&", "|"):
        return False
    for mask in (constant(expr.left), constant(expr.right)):
        if mask is not None and (mask & value if expr.op == "&" else mask | value) != value:
            return True
    return False


def _values(expr: Expr, lowered: CExpr) -> Range:
    value = constant(lowered)
    return integer_values(expr) if value is None else (value, value)


def _truth(value: bool) -> CExpr:
    return _TRUE if value else _FALSE


def _convert(expr: Convert, scope: Scope) -> CExpr:
    source, target = machine_scalar(expr.operand.type), machine_scalar(expr.to)
    if isinstance(expr.operand, LoopIndex) and target in SIGNED | UNSIGNED | FLOATS:
        counter = scope.counters[expr.operand]
        if counter.value is not None and (target not in FLOATS or counter.value < 1 << 24):
            return number(counter.value if target in FLOATS else wrapped(counter.value, target), target)
        if counter.value is None and counter.count < SMALL:
            index: CExpr = Name(counter.name)
            # A signed 32-bit number is what processors convert to floating point fastest.
            return Cast(c_type(target), Cast("int32_t", index) if target in FLOATS else index)
    if isinstance(expr.operand, Literal) and source not in FLOATS and target not in FLOATS:
        return number(integer_values(expr)[0], target)
    operand = _lower(expr.operand, scope)
    if source is target:
        return operand
    if (source, target) in EXTENSIONS:
        return Call(f"{source}_to_{target}", (operand,))
    if source is Scalar.BOOL:
        return _choice(operand, number(1, target), number(0, target), target, scope)
    if not _same_kind(source, target) or BIT_WIDTH[target] > BIT_WIDTH[source]:
        operand = scope.asides.whole(operand, c_type(source))
    return Cast(c_type(target), operand)


def _same_kind(source: Scalar, target: Scalar) -> bool:
    """Whether two number types are of one essential category: signed, unsigned, or floating."""
    return any(source in kind and target in kind for kind in (SIGNED, UNSIGNED, FLOATS))


def _bitcast(expr: Bitcast, scope: Scope) -> CExpr:
    source, target = machine_scalar(expr.operand.type), expr.to
    operand = _lower(expr.operand, scope)
    if source is target:
        return operand
    if source in FLOATS or target in FLOATS:
        return Call(f"bits_{source}_as_{target}", (operand,))
    return Cast(c_type(target), operand)
