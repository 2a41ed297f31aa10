"""The operators of the language on sets of values.

Rule: elements are in row-major order, so what rearranges elements is a table of positions, computed once by applying
the operation to the positions themselves. An operator without a rule of its own yields every value of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from syncml.ir.equations.syntax import Apply
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, F64, FLOATS, Scalar, Type, element, shape, size
from syncml.ir.typing_rules import Attribute, windows
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import (
    Form,
    Positions,
    Symbols,
    added,
    difference,
    interval,
    multiplied,
    negated,
    points,
    rounded,
    scaled,
    weighted,
)
from syncml.verify.reach.functions import applied, divided, greater, magnitude, square, summed
from syncml.verify.reach.values import (
    Ints,
    Truth,
    Value,
    bounds_of,
    compared,
    integral,
    inverted,
    logical,
    selected,
    unknown,
)

_COMPARISONS = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE})
_FUNCTIONS = frozenset({Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS})


def value_of(rhs: Apply, arguments: Sequence[Value], types: Sequence[Type], target: Type, symbols: Symbols) -> Value:
    """The result of an operator of type ``target`` on arguments of ``types``."""
    op, attribute = rhs.op, rhs.attribute
    moved = _rearranged(op, attribute, arguments, types)
    if moved is not None:
        return moved
    if op is Op.MATMUL:
        return _product(arguments, types, target, symbols)
    if op in (Op.SUM, Op.LEAST, Op.GREATEST, Op.ALL, Op.ANY):
        return _folded(op, attribute, arguments[0], types[0], target, symbols)
    if op in (Op.AT, Op.WINDOW, Op.UPDATE, Op.EINSUM, Op.ATAN2, Op.POW, Op.SHL, Op.SHR):
        return _special(op, attribute, arguments, types, target, symbols)
    wide = [_broadcast(v, t, target) for v, t in zip(arguments, types, strict=True)]
    if op is Op.MUL and rhs.arguments[0] == rhs.arguments[1] and isinstance(wide[0], Form):
        return square(wide[0], _scalar(target), symbols)
    return _elementwise(op, wide, types, target, symbols)


def _scalar(type_: Type) -> Scalar:
    return F32 if element(type_) is F32 else F64


def _elementwise(op: Op, values: Sequence[Value], types: Sequence[Type], target: Type, symbols: Symbols) -> Value:
    scalar = _scalar(target)
    match op, *values:
        case Op.COPY, x:
            return x
        case Op.WHERE, Truth() as condition, x, y:
            return selected(condition.true, condition.false, x, y)
        case Op.CAST, x:
            return _cast(x, types[0], target, symbols)
        case Op.NOT, Truth() as x:
            return inverted(x)
        case ((Op.AND | Op.OR | Op.XOR), Truth() as x, Truth() as y):
            return logical(op, x, y)
        case _, Truth() as x, Truth() as y if op in (Op.EQ, Op.NE):
            apart = logical(Op.XOR, x, y)
            return apart if op is Op.NE else inverted(apart)
        case _, Ints() as x, Ints() as y if op in _COMPARISONS:
            return compared(op, (x.low - y.high).astype(np.float64), (x.high - y.low).astype(np.float64))
        case _, Form() as x, Form() as y if op in _COMPARISONS:
            if symbols.concrete:
                apart = x.center - y.center
                return compared(op, apart, apart)
            apart = difference(x, y)
            return compared(op, apart.low, apart.high)
        case Op.NEG, Form() as x:
            return negated(x)
        case Op.NEG, Ints() as x:
            zero = Ints(np.zeros_like(x.low), np.zeros_like(x.low))
            return integral(Op.SUB, zero, x, target)
        case Op.ABS, Form() as x:
            return magnitude(x, scalar, symbols)
        case Op.ABS, Ints() as x:
            zero = Ints(np.zeros_like(x.low), np.zeros_like(x.low))
            return integral(Op.MAX, x, integral(Op.SUB, zero, x, target), target)
        case Op.ADD, Form() as x, Form() as y:
            return added(x, y, 1.0, scalar, symbols)
        case Op.SUB, Form() as x, Form() as y:
            return added(x, y, -1.0, scalar, symbols)
        case Op.MUL, Form() as x, Form() as y:
            return _times(x, y, scalar, symbols)
        case Op.DIV, Form() as x, Form() as y:
            return divided(x, y, scalar, symbols)
        case Op.MIN, Form() as x, Form() as y:
            return greater(x, y, scalar, symbols, -1.0)
        case Op.MAX, Form() as x, Form() as y:
            return greater(x, y, scalar, symbols, 1.0)
        case _, Form() as x if op in _FUNCTIONS:
            return applied(op, x, scalar, symbols)
        case _, Ints() as x, Ints() as y:
            return integral(op, x, y, target)
        case _:
            return unknown(target)


def _times(x: Form, y: Form, scalar: Scalar, symbols: Symbols) -> Form:
    for factor, other in ((x, y), (y, x)):
        if not factor.spread.any() and not symbols.concrete:
            zero = np.zeros_like(factor.center)
            return scaled(other, factor.center, zero, zero, scalar, symbols)
    return multiplied(x, y, scalar, symbols)


def _cast(x: Value, source: Type, target: Type, symbols: Symbols) -> Value:
    to = element(target)
    match x:
        case Form() if to in FLOATS:
            if element(source) is element(target) or element(source) is F32:
                return x
            found = rounded(x, _scalar(target), symbols)
            # Rounding is monotone, and moves a bound by less than this.
            room = [np.abs(b) * 2.0**-23 + 2.0**-148 for b in (x.low, x.high)]
            return found.within(x.low - room[0], x.high + room[1])
        case Form() if to is not BOOL:
            low, high = bounds_of(target)
            fine = np.isfinite(x.spread)
            bounds = (np.trunc(np.clip(np.where(fine, b, e), low, high)) for b, e in ((x.low, low), (x.high, high)))
            least, most = (b.astype(np.int64) for b in bounds)
            return Ints(np.where(fine, least, low), np.where(fine, most, high))
        case Ints() if to in FLOATS:
            exact = interval(x.low.astype(np.float64), x.high.astype(np.float64), symbols, own=False)
            return points(exact.center) if symbols.concrete else rounded(exact, _scalar(target), symbols)
        case Ints() if to is not BOOL:
            return integral(Op.ADD, x, Ints(np.zeros_like(x.low), np.zeros_like(x.low)), target)
        case Truth() if to in FLOATS:
            one, zero = np.ones(x.true.shape), np.zeros(x.true.shape)
            return selected(x.true, x.false, points(one), points(zero))
        case Truth() if to is not BOOL:
            return Ints((~x.false).astype(np.int64), x.true.astype(np.int64))
        case _:
            return unknown(target)


def _positions(type_: Type) -> Any:
    return np.arange(size(type_)).reshape(shape(type_))


def _broadcast(value: Value, type_: Type, target: Type) -> Value:
    if shape(type_) == shape(target) or size(type_) == size(target):
        return value
    return value.taken(np.broadcast_to(_positions(type_), shape(target)).reshape(-1))


def _rearranged(op: Op, attribute: Attribute, values: Sequence[Value], types: Sequence[Type]) -> Value | None:
    """What moves elements only."""
    if op in (Op.STACK, Op.CONCAT):
        return _gathered(op, attribute, values, types)
    match op, attribute:
        case Op.RESHAPE, _:
            return values[0]
        case Op.INDEX, tuple():
            return values[0].taken(np.atleast_1d(_positions(types[0])[attribute]).reshape(-1))
        case Op.SLICE, (axis, start, count, step):
            chosen = np.take(_positions(types[0]), start + step * np.arange(count), axis=axis)
            return values[0].taken(chosen.reshape(-1))
        case Op.TRANSPOSE, tuple():
            return values[0].taken(_positions(types[0]).transpose(attribute).reshape(-1))
        case Op.UNFOLD, (axis, *form):
            chosen = windows(shape(types[0])[axis], *form)
            return values[0].taken(np.take(_positions(types[0]), chosen, axis=axis).reshape(-1))
        case _:
            return None


def _gathered(op: Op, attribute: Attribute, values: Sequence[Value], types: Sequence[Type]) -> Value:
    starts = np.cumsum([0, *(size(t) for t in types)])
    parts = [_positions(t) + s for t, s in zip(types, starts, strict=False)]
    axis = attribute[0] if isinstance(attribute, tuple) else 0
    order = np.stack(parts) if op is Op.STACK else np.concatenate(parts, axis=axis)
    whole = _beside(values)
    return whole.taken(order.reshape(-1))


def _beside(values: Sequence[Value]) -> Value:
    """All elements of several values, one after the other."""
    first = values[0]
    if isinstance(first, Form):
        forms = [v for v in values if isinstance(v, Form)]
        count = max(f.generators.shape[2] for f in forms)
        boxes = max(f.center.shape[0] for f in forms)

        def stacked(parts: list[Floats]) -> Floats:
            return np.concatenate([np.broadcast_to(p, (boxes, *p.shape[1:])) for p in parts], axis=1)

        return Form(
            stacked([f.center for f in forms]), stacked([f.padded(count) for f in forms]),
            stacked([f.radius for f in forms]), stacked([f.spread for f in forms]),
            stacked([f.low for f in forms]), stacked([f.high for f in forms]),
        )  # fmt: skip
    if isinstance(first, Truth):
        truths = [v for v in values if isinstance(v, Truth)]
        margins = [t.margin for t in truths if t.margin is not None]
        return Truth(
            _rows([t.true for t in truths]), _rows([t.false for t in truths]),
            _rows(margins) if len(margins) == len(truths) else None,
        )  # fmt: skip
    ints = [v for v in values if isinstance(v, Ints)]
    return Ints(_rows([i.low for i in ints]), _rows([i.high for i in ints]))


def _rows(parts: Sequence[Any]) -> Any:
    boxes = max(p.shape[0] for p in parts)
    return np.concatenate([np.broadcast_to(p, (boxes, p.shape[1])) for p in parts], axis=1)


def _product(values: Sequence[Value], types: Sequence[Type], target: Type, symbols: Symbols) -> Value:
    left, right = values
    if not isinstance(left, Form) or not isinstance(right, Form):
        return unknown(target)
    scalar = _scalar(target)
    rows = shape(types[0])[0] if len(shape(types[0])) == 2 else 1
    columns = shape(types[1])[1] if len(shape(types[1])) == 2 else 1
    inner = shape(types[1])[0]
    if _is_constant(left) and columns == 1:
        return weighted(left.center[0].reshape(rows, inner), right, scalar, symbols)
    if _is_constant(right) and rows == 1:
        return weighted(right.center[0].reshape(inner, columns).T, left, scalar, symbols)
    each = np.arange(rows * columns * inner)
    i, j, k = each // (columns * inner), each // inner % columns, each % inner
    products = _times(left.taken(i * inner + k), right.taken(k * columns + j), scalar, symbols)
    return summed(products, rows * columns, scalar, symbols)


def _is_constant(x: Form) -> bool:
    return x.center.shape[0] == 1 and not x.spread.any()


def _folded(op: Op, attribute: Attribute, x: Value, type_: Type, target: Type, symbols: Symbols) -> Value:
    axis = attribute[0] if isinstance(attribute, tuple) else 0
    order: Positions = np.moveaxis(_positions(type_), axis, -1).reshape(size(target), -1)
    parts = [x.taken(order[:, k]) for k in range(order.shape[1])]
    steps: dict[Op, Op] = {Op.SUM: Op.ADD, Op.LEAST: Op.MIN, Op.GREATEST: Op.MAX, Op.ALL: Op.AND, Op.ANY: Op.OR}
    step: Callable[[Value, Value], Value] = lambda a, b: _elementwise(  # noqa: E731
        steps[op], (a, b), (target, target), target, symbols
    )
    return reduce(step, parts)


def _special(
    op: Op, attribute: Attribute, values: Sequence[Value], types: Sequence[Type], target: Type, symbols: Symbols
) -> Value:
    match op, *values:
        case Op.POW, Form() as base, Form() as exponent if _is_constant(exponent) and (exponent.center == 2.0).all():
            # The certified error of `pow` is at most two roundings.
            return rounded(square(base, _scalar(target), symbols), _scalar(target), symbols)
        case _:
            pass
    if op is Op.AT and isinstance(values[1], Ints):
        position, extent = values[1], shape(types[0])[0]
        low, high = (np.clip(p, 0, extent - 1) for p in (position.low, position.high))
        rest = size(types[0]) // extent
        choices = range(int(low.min()), int(high.max()) + 1)
        result: Value = values[0].taken(choices[0] * rest + np.arange(rest))
        for i in choices[1:]:
            here = (low <= i) & (high >= i)
            other = ~((low == i) & (high == i))
            result = selected(here, other, values[0].taken(i * rest + np.arange(rest)), result)
        return result
    return unknown(target)
