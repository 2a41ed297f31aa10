"""One element of a pointwise operator, as a scalar expression.

Rule: ``element(op, ...)`` at an index is the operator's value at that index, from the elements of its arguments at the
indices that broadcasting, slicing or permutation names. Operators that need statements (sums, products of matrices,
joined parts) are in `tensors`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Array, Const, exact
from syncml.ir.elementary import ELEMENTARY, function
from syncml.ir.elementary.builder import literal
from syncml.ir.equations.syntax import Apply as Operation
from syncml.ir.equations.syntax import Atom
from syncml.ir.operators import Op
from syncml.ir.step.lowering.arithmetic import (
    clamp_index,
    extreme,
    floor_divide,
    machine_element,
    modulo,
    real_divide,
    shift,
    to_integer,
)
from syncml.ir.step.syntax import Apply, Binary, BinaryOp, Convert, Expr, Literal, Select, Unary, UnaryOp
from syncml.ir.types import (
    BIT_WIDTH,
    BOOL,
    FLOATS,
    MACHINE_INTEGERS,
    UNSIGNED,
    Element,
    EnumType,
    Scalar,
    Type,
    element,
    integer_range,
    shape,
)
from syncml.ir.typing_rules import Attribute

Indices: TypeAlias = tuple[Expr, ...]
Reader: TypeAlias = Callable[[Atom, Indices], Expr]
"""The element of an atom at an index."""

ELEMENTWISE = frozenset({
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.EQ, Op.NE, Op.LT, Op.LE,
    Op.GT, Op.GE, Op.NOT, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR, Op.WHERE, Op.CAST, Op.COPY, Op.SQRT,
}) | ELEMENTARY  # fmt: skip
"""Operators whose value at an index depends on their arguments at that index only."""

_VIEWS = frozenset({Op.INDEX, Op.SLICE, Op.TRANSPOSE, Op.RESHAPE, Op.UNFOLD})


def is_view(operation: Operation) -> bool:
    """Whether the operator only rearranges the indices of its one argument."""
    return operation.op in _VIEWS or (operation.op is Op.STACK and len(operation.arguments) == 1)


def is_pointwise(operation: Operation) -> bool:
    """Whether each element of the value is one expression."""
    return operation.op in ELEMENTWISE or operation.op in (Op.AT, Op.WINDOW) or is_view(operation)


_BINARY = {
    Op.ADD: BinaryOp.ADD,
    Op.SUB: BinaryOp.SUB,
    Op.MUL: BinaryOp.MUL,
    Op.EQ: BinaryOp.EQ,
    Op.NE: BinaryOp.NE,
    Op.LT: BinaryOp.LT,
    Op.LE: BinaryOp.LE,
    Op.GT: BinaryOp.GT,
    Op.GE: BinaryOp.GE,
    Op.AND: BinaryOp.AND,
    Op.OR: BinaryOp.OR,
    Op.XOR: BinaryOp.XOR,
}
_SHIFTS = {Op.SHL: BinaryOp.SHL, Op.SHR: BinaryOp.SHR}


def at_index(operation: Operation, target: Type, indices: Indices, read: Reader) -> Expr:
    """The element of ``operation`` (a pointwise one) at ``indices`` of its value of type ``target``."""
    op, arguments = operation.op, operation.arguments
    if op in ELEMENTWISE:
        parts = tuple(read(a, broadcast_indices(shape(a.type), indices)) for a in arguments)
        if op in _SHIFTS and _within_width(arguments[1]):
            return Binary(_SHIFTS[op], *parts)
        return scalar_operation(op, element(arguments[0].type), element(target), parts)
    if op in (Op.AT, Op.WINDOW):
        source, position = arguments
        index_type = machine_element(element(position.type))
        assert isinstance(index_type, Scalar)
        count = shape(target)[0] if op is Op.WINDOW else 1
        places = shape(source.type)[0] - count + 1
        if index_type in UNSIGNED and integer_range(index_type)[1] < places:
            start: Expr = conversion(read(position, ()), index_type, Scalar.I64)
        else:
            start = Apply(clamp_index(index_type, places), (read(position, ()),))
        if op is Op.AT:
            return read(source, (start, *indices))
        return read(source, (added(start, indices[0]), *indices[1:]))
    return read(arguments[0], view_indices(operation, indices))


def _within_width(count: Atom) -> bool:
    """Whether ``count`` is an array of constants that are less than the width of their type: no shift needs a test."""
    if not isinstance(count, Const) or not isinstance(count.value, Array):
        return False
    counts = count.value.numpy()
    return bool(counts.min() >= 0 and counts.max() < BIT_WIDTH[_scalar(count.element)])


def is_widening(operation: Operation) -> bool:
    """Whether each element is an integer in a wider type, which the instruction that loads it gives for nothing."""
    if operation.op is not Op.CAST:
        return False
    source, target = element(operation.arguments[0].type), operation.attribute
    if source not in MACHINE_INTEGERS or target not in MACHINE_INTEGERS:
        return False
    assert isinstance(source, Scalar) and isinstance(target, Scalar)
    return BIT_WIDTH[source] < BIT_WIDTH[target]


def broadcast_indices(extents: tuple[int, ...], indices: Indices) -> Indices:
    """The indices of an argument of shape ``extents`` whose operator is evaluated at ``indices``."""
    aligned = indices[len(indices) - len(extents) :]
    return tuple(index(0) if n == 1 else i for n, i in zip(extents, aligned, strict=True))


def view_indices(operation: Operation, indices: Indices) -> Indices:
    """Where a rearranging operator reads its argument for its element at ``indices``."""
    source = shape(operation.arguments[0].type)
    if operation.op is Op.STACK:
        return indices[1:]
    static = plain_attribute(operation.attribute)
    match operation.op:
        case Op.INDEX:
            return (*(index(i) for i in static), *indices)
        case Op.SLICE:
            axis, start, _, step = static
            return (*indices[:axis], plus(times(indices[axis], step), start), *indices[axis + 1 :])
        case Op.TRANSPOSE:
            return tuple(indices[static.index(axis)] for axis in range(len(source)))
        case Op.RESHAPE:
            return unflatten(flatten(static, indices), source)
        case Op.UNFOLD:
            axis, _, stride, dilation = static
            position = added(times(indices[axis], stride), times(indices[axis + 1], dilation))
            return (*indices[:axis], position, *indices[axis + 2 :])
        case _:
            raise InternalFault(f"{operation.op.value} is no rearrangement")


def index(value: int) -> Literal:
    """An index literal."""
    return Literal(Const(value, Scalar.I64))


def within(position: Expr, kind: Scalar, extent: int) -> list[Expr]:
    """The tests that ``position`` of type ``kind`` is in an axis of ``extent``; none if that is known."""
    known = literal_index(position)
    if known is not None and 0 <= known < extent:
        return []
    tests: list[Expr] = []
    if kind not in UNSIGNED:
        tests.append(Binary(BinaryOp.GE, position, literal(0, kind)))
    if integer_range(kind)[1] >= extent:
        tests.append(Binary(BinaryOp.LT, position, literal(extent, kind)))
    return tests


def literal_index(expr: Expr) -> int | None:
    """The value of an index literal; None for any other expression."""
    return int(expr.value.machine()) if isinstance(expr, Literal) else None


def plus(expr: Expr, offset: int) -> Expr:
    """``expr + offset`` with literals folded."""
    known = literal_index(expr)
    if known is not None:
        return index(known + offset)
    return Binary(BinaryOp.ADD, expr, index(offset)) if offset else expr


def times(expr: Expr, factor: int) -> Expr:
    """``expr * factor`` with literals folded."""
    known = literal_index(expr)
    if known is not None:
        return index(known * factor)
    return expr if factor == 1 else Binary(BinaryOp.MUL, expr, index(factor))


def added(left: Expr, right: Expr) -> Expr:
    """``left + right`` with literals folded."""
    for one, other in ((left, right), (right, left)):
        known = literal_index(other)
        if known is not None:
            return plus(one, known)
    return Binary(BinaryOp.ADD, left, right)


def flatten(extents: tuple[int, ...], indices: Indices) -> list[tuple[Expr, int, int]]:
    """A row-major offset as terms (index, its extent, its stride); axes of extent 1 are left out."""
    terms: list[tuple[Expr, int, int]] = []
    stride = 1
    for extent, i in zip(reversed(extents), reversed(indices), strict=True):
        if extent > 1:
            terms.append((i, extent, stride))
        stride *= extent
    return terms[::-1]


def unflatten(terms: list[tuple[Expr, int, int]], extents: tuple[int, ...]) -> Indices:
    """The indices of shape ``extents`` at the offset that ``terms`` add up to."""
    result: list[Expr] = []
    stride = 1
    for extent in reversed(extents):
        result.append(index(0) if extent == 1 else _digit(terms, stride, extent))
        stride *= extent
    return tuple(reversed(result))


def _digit(terms: list[tuple[Expr, int, int]], stride: int, extent: int) -> Expr:
    """``(offset / stride) % extent``, by dropping terms that do not reach it where the strides nest."""
    inside = [(i, n, s) for i, n, s in terms if s * n > stride and s < stride * extent]
    nested = all(s % stride == 0 and (stride * extent) % (s * n) == 0 for _, n, s in inside)
    if nested:
        return _sum([(i, s // stride) for i, _, s in inside])
    offset = _sum([(i, s) for i, _, s in terms])
    quotient = offset if stride == 1 else Binary(BinaryOp.QUOT, offset, index(stride))
    return Binary(BinaryOp.REM, quotient, index(extent))


def _sum(terms: list[tuple[Expr, int]]) -> Expr:
    total: Expr | None = None
    constant = 0
    for expr, factor in terms:
        known = literal_index(expr)
        if known is not None:
            constant += known * factor
            continue
        scaled = times(expr, factor)
        total = scaled if total is None else Binary(BinaryOp.ADD, total, scaled)
    return index(constant) if total is None else plus(total, constant)


def constant(value: Const) -> Literal:
    """A scalar constant as a literal of a machine type."""
    kind = machine_element(value.element)
    if value.element is Scalar.INT:
        number = int(value.value)  # pyright: ignore[reportArgumentType]
        return Literal(Const((number + (1 << 63)) % (1 << 64) - (1 << 63), kind))
    if isinstance(value.value, Fraction) or value.element is Scalar.REAL:
        return Literal(Const(float(exact(value.value)), kind))  # pyright: ignore[reportArgumentType]
    if kind in FLOATS:
        return Literal(Const(float(value.value), kind))  # pyright: ignore[reportArgumentType]
    return Literal(value)


def zero_of(kind: Element) -> Literal:
    """The literal 0 (+0 for floats, false for ``bool``)."""
    if kind is BOOL:
        return Literal(Const(False, BOOL))
    assert isinstance(kind, Scalar)
    return literal(0, kind)


def scalar_operation(op: Op, declared: Element, result: Element, parts: tuple[Expr, ...]) -> Expr:
    """An elementwise operator on scalars.

    Args:
        op: The operator.
        declared: The type of its first argument in the equations (``int`` and ``real`` as such).
        result: The element type of its value in the equations.
        parts: The arguments, of machine types.
    """
    kind = machine_element(declared)
    if op in _BINARY:
        return Binary(_BINARY[op], *parts)
    if op in ELEMENTARY:
        return Apply(function(op, _scalar(kind)), parts)
    match op:
        case Op.COPY:
            return parts[0]
        case Op.WHERE:
            return Select(*parts)
        case Op.CAST:
            return conversion(parts[0], kind, machine_element(result))
        case Op.DIV if declared is Scalar.REAL:
            return Apply(real_divide(_scalar(kind)), parts)
        case Op.DIV:
            return Binary(BinaryOp.DIV, *parts)
        case Op.FLOORDIV | Op.MOD:
            return _division(op, _scalar(kind), parts)
        case Op.SHL | Op.SHR:
            return _shift(_SHIFTS[op], _scalar(kind), parts)
        case Op.NEG:
            return Unary(UnaryOp.NEG, parts[0])
        case Op.NOT:
            return Unary(UnaryOp.NOT, parts[0])
        case Op.ABS:
            return parts[0] if kind in UNSIGNED else Unary(UnaryOp.ABS, parts[0])
        case Op.SQRT:
            return Unary(UnaryOp.SQRT, parts[0])
        case Op.MIN | Op.MAX:
            return beyond(op, kind, *parts)
        case _:
            raise InternalFault(f"{op.value} is not elementwise")


def beyond(op: Op, kind: Element, x: Expr, y: Expr) -> Expr:
    """``min`` or ``max`` of two scalars, in the operator table's sense."""
    return Apply(extreme(BinaryOp.LT if op is Op.MIN else BinaryOp.GT, _scalar(kind)), (x, y))


def conversion(operand: Expr, source: Element, target: Element) -> Expr:
    """A cast between machine types by the operator table: total, saturating from floats to integers."""
    if source == target:
        return operand
    if target is BOOL:
        return Binary(BinaryOp.NE, operand, zero_of(source))
    if source in FLOATS and target in MACHINE_INTEGERS:
        return Apply(to_integer(_scalar(source), _scalar(target)), (operand,))
    return Convert(operand, target)


def _division(op: Op, kind: Scalar, parts: tuple[Expr, ...]) -> Expr:
    """A division by a positive literal needs no guard on unsigned numbers; any other goes through a function."""
    divisor = literal_index(parts[1])
    if kind in UNSIGNED and divisor:
        return Binary(BinaryOp.QUOT if op is Op.FLOORDIV else BinaryOp.REM, *parts)
    return Apply((floor_divide if op is Op.FLOORDIV else modulo)(kind), parts)


def _shift(op: BinaryOp, kind: Scalar, parts: tuple[Expr, ...]) -> Expr:
    count = literal_index(parts[1])
    if count is not None and 0 <= count < BIT_WIDTH[kind]:
        return Binary(op, *parts)
    return Apply(shift(op, kind), parts)


def _scalar(kind: Element) -> Scalar:
    if isinstance(kind, EnumType):
        raise InternalFault(f"arithmetic on the enumeration {kind}")
    return kind


def plain_attribute(attribute: Attribute) -> tuple[int, ...]:
    """The attribute of an operator that takes indices."""
    if not isinstance(attribute, tuple):
        raise InternalFault(f"an operator with indices has the attribute {attribute!r}")
    return attribute
