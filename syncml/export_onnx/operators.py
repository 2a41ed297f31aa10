"""The operators of the table as operators of ONNX (opset 18).

Rule: each becomes operations that give its value, to float rounding: sums run in the order of the runtime, and
elementary functions are those of the runtime. What ONNX leaves undefined is written out, so that it has the value of
the table: a division of integers by 0, a conversion that saturates, an index out of range. Of ``min``, ``max``,
``least`` and ``greatest`` the treatment of NaN is that of the runtime. Integers that few runtimes compute with are
computed in a wider type and wrap when they come back.
"""

from __future__ import annotations

from math import prod
from string import ascii_letters
from typing import Any, assert_never

import numpy as np

from syncml.export_onnx.draft import Draft, Shape, Tensor, working
from syncml.ir.constants import dtype
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, I32, I64, UNSIGNED, Element, Scalar, Type, element, integer_range, shape
from syncml.ir.typing_rules import Attribute, contraction, windows

OPSET = 18

_LEAST = -(2**63)

_ARITHMETIC = {
    Op.ADD: "Add", Op.SUB: "Sub", Op.MUL: "Mul", Op.DIV: "Div", Op.POW: "Pow", Op.NEG: "Neg", Op.SQRT: "Sqrt",
    Op.EXP: "Exp", Op.LOG: "Log", Op.TANH: "Tanh", Op.SIGMOID: "Sigmoid", Op.SIN: "Sin", Op.COS: "Cos",
}  # fmt: skip
_ORDERED = {
    Op.MIN: "Min", Op.MAX: "Max", Op.LT: "Less", Op.LE: "LessOrEqual", Op.GT: "Greater", Op.GE: "GreaterOrEqual",
}  # fmt: skip
_LOGIC = {Op.NOT: "Not", Op.AND: "And", Op.OR: "Or", Op.XOR: "Xor"}


class NoOperatorError(Exception):
    """An operator has no counterpart in ONNX for arguments of these types."""


def operation(draft: Draft, op: Op, v: tuple[Tensor, ...], attribute: Attribute, result: Type) -> Tensor:
    """``op`` applied to ``v``, of the type ``result``.

    Raises:
        NoOperatorError: ONNX has no such operator.
    """
    kind, extents = element(result), shape(result)
    match op:
        case Op.COPY:
            return v[0]
        case Op.ADD | Op.SUB | Op.MUL | Op.DIV | Op.POW | Op.NEG | Op.SQRT:
            return _computed(draft, _ARITHMETIC[op], v, kind, extents)
        case Op.EXP | Op.LOG | Op.TANH | Op.SIGMOID | Op.SIN | Op.COS:
            return _computed(draft, _ARITHMETIC[op], v, kind, extents)
        case Op.ABS:
            return v[0] if kind in UNSIGNED else _computed(draft, "Abs", v, kind, extents)
        case Op.MIN | Op.MAX:
            return _back(draft, _extreme(draft, op, _ordered(draft, v[0]), _ordered(draft, v[1]), extents), kind)
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return draft.elementwise(_ORDERED[op], *(_ordered(draft, x) for x in v), kind=BOOL, shape=extents)
        case Op.EQ:
            return equal(draft, v[0], v[1], extents)
        case Op.NE:
            return draft.apply("Not", equal(draft, v[0], v[1], extents), kind=BOOL, shape=extents)
        case Op.NOT | Op.AND | Op.OR | Op.XOR:
            if kind is BOOL:
                return draft.elementwise(_LOGIC[op], *v, kind=kind, shape=extents)
            return draft.elementwise(f"Bitwise{_LOGIC[op]}", *v, kind=kind, shape=extents)
        case Op.WHERE:
            return where(draft, v[0], v[1], v[2], extents)
        case Op.CAST:
            return _cast(draft, v[0], kind)
        case Op.FLOORDIV | Op.MOD:
            return _divided(draft, op, v[0], v[1], extents)
        case Op.SHL | Op.SHR | Op.ATAN2:
            raise NoOperatorError
        case Op.STACK:
            parts = tuple(draft.reshaped(x, (1, *x.shape)) for x in v)
            return _joined(draft, parts, 0, extents)
        case Op.CONCAT:
            return _joined(draft, v, _numbers(attribute)[0], extents)
        case Op.INDEX | Op.SLICE | Op.AT | Op.WINDOW | Op.UPDATE | Op.RESHAPE | Op.TRANSPOSE | Op.UNFOLD:
            return _selected(draft, op, v, attribute, extents)
        case Op.MATMUL:
            return _product(draft, v[0], v[1], extents)
        case Op.EINSUM:
            return _contracted(draft, v, attribute, extents)
        case Op.SUM:
            return _summed(draft, v[0], _numbers(attribute)[0], extents)
        case Op.LEAST | Op.GREATEST:
            least, axis = op is Op.LEAST, _numbers(attribute)[0]
            return _back(draft, _outermost(draft, _ordered(draft, v[0]), axis, extents, least=least), kind)
        case Op.ALL | Op.ANY:
            name = "ReduceMin" if op is Op.ALL else "ReduceMax"
            return draft.cast(_reduced(draft, name, draft.cast(v[0], I32), attribute, extents), BOOL)
        case _:
            assert_never(op)


def equal(draft: Draft, x: Tensor, y: Tensor, extents: Shape) -> Tensor:
    """Whether elements are equal."""
    wide = (draft.cast(v, working(v.kind)) for v in (x, y))
    return draft.elementwise("Equal", *wide, kind=BOOL, shape=extents)


def where(draft: Draft, condition: Tensor, x: Tensor, y: Tensor, extents: Shape) -> Tensor:
    """``x`` where ``condition`` is true, else ``y``."""
    kind = x.kind
    if kind is BOOL:
        # Few runtimes select truth values.
        chosen = draft.elementwise("And", condition, x, kind=BOOL, shape=extents)
        turned = draft.elementwise("Not", condition, kind=BOOL, shape=condition.shape)
        other = draft.elementwise("And", turned, y, kind=BOOL, shape=extents)
        return draft.elementwise("Or", chosen, other, kind=BOOL, shape=extents)
    wide = (draft.cast(v, working(kind)) for v in (x, y))
    found = draft.elementwise("Where", condition, *wide, kind=working(kind), shape=extents)
    return draft.cast(found, kind)


def _numbers(attribute: Attribute) -> tuple[int, ...]:
    assert isinstance(attribute, tuple)
    return attribute


def _computed(draft: Draft, operator: str, v: tuple[Tensor, ...], kind: Element, extents: Shape) -> Tensor:
    wide = (draft.cast(x, working(kind)) for x in v)
    return draft.cast(draft.elementwise(operator, *wide, kind=working(kind), shape=extents), kind)


def _ordered(draft: Draft, x: Tensor) -> Tensor:
    """``x`` in a type whose order runtimes know; that of ``u64`` is that of ``i64`` beginning at the least."""
    wide = draft.cast(x, working(x.kind))
    return _shifted(draft, wide) if x.kind is Scalar.U64 else wide


def _back(draft: Draft, x: Tensor, kind: Element) -> Tensor:
    """What `_ordered` made of a type, in that type."""
    return draft.cast(_shifted(draft, x) if kind is Scalar.U64 else x, kind)


def _shifted(draft: Draft, x: Tensor) -> Tensor:
    return draft.elementwise("Add", x, draft.constant(_LEAST, I64, "least"), kind=I64, shape=x.shape)


def _cast(draft: Draft, x: Tensor, kind: Element) -> Tensor:
    """A conversion: floats to integers truncate and saturate, and NaN is 0."""
    if kind is BOOL:
        wide = draft.cast(x, working(x.kind))
        return draft.apply(
            "Not", equal(draft, wide, draft.constant(0, wide.kind, "zero"), x.shape), kind=BOOL, shape=x.shape
        )
    if x.kind not in FLOATS or kind in FLOATS or not isinstance(kind, Scalar):
        return draft.cast(x, kind)
    real: Any = dtype(x.kind).type
    least, most = integer_range(kind)
    highest = real(most) if int(real(most)) <= most else np.nextafter(real(most), real(0))
    nan = draft.apply("IsNaN", x, kind=BOOL, shape=x.shape)
    number = where(draft, nan, draft.constant(0.0, x.kind, "zero"), x, x.shape)
    bounds = (draft.constant(real(least), x.kind, "least"), draft.constant(highest, x.kind, "highest"))
    inside = draft.apply("Clip", number, *bounds, kind=x.kind, shape=x.shape)
    wide = kind if kind in (I64, Scalar.U64) else I64
    found = draft.cast(draft.cast(inside, wide), kind)
    if int(highest) == most:
        return found
    beyond = draft.elementwise(
        "GreaterOrEqual", number, draft.constant(real(most), x.kind, "bound"), kind=BOOL, shape=x.shape
    )
    return where(draft, beyond, draft.constant(most, kind, "most"), found, x.shape)


def _divided(draft: Draft, op: Op, x: Tensor, y: Tensor, extents: Shape) -> Tensor:
    """The quotient rounded down or its remainder, with ``x // 0 = 0`` and ``x % 0 = x``; nothing traps."""
    kind = x.kind
    if kind is Scalar.U64:
        raise NoOperatorError
    x, y = draft.cast(x, I64), draft.cast(y, I64)
    zero, one, minus = (draft.constant(n, I64, f"integer_{abs(n)}{'m' * (n < 0)}") for n in (0, 1, -1))

    def apply(operator: str, *v: Tensor, kind: Element = I64) -> Tensor:
        return draft.elementwise(operator, *v, kind=kind, shape=extents)

    by_zero, by_minus = (draft.elementwise("Equal", y, n, kind=BOOL, shape=y.shape) for n in (zero, minus))
    trap = draft.elementwise("Or", by_zero, by_minus, kind=BOOL, shape=y.shape)
    safe = draft.elementwise("Where", trap, one, y, kind=I64, shape=y.shape)
    rest = apply("Mod", x, safe)
    if op is Op.MOD:
        return draft.cast(apply("Where", by_zero, x, rest), kind)
    quotient = apply("Div", x, safe)
    # The quotient of ONNX is rounded towards 0: it is one too high where there is a rest and the signs differ.
    signs = apply("Xor", *(draft.elementwise("Less", n, zero, kind=BOOL, shape=n.shape) for n in (x, safe)), kind=BOOL)
    uneven = apply("Not", apply("Equal", rest, zero, kind=BOOL), kind=BOOL)
    down = apply("Sub", quotient, draft.cast(apply("And", signs, uneven, kind=BOOL), I64))
    negated = draft.elementwise("Neg", x, kind=I64, shape=x.shape)
    return draft.cast(apply("Where", by_zero, zero, apply("Where", by_minus, negated, down)), kind)


def _joined(draft: Draft, v: tuple[Tensor, ...], axis: int, extents: Shape) -> Tensor:
    if any(x.batched for x in v):
        v = tuple(draft.batched(x) for x in v)
    return draft.apply("Concat", *v, kind=v[0].kind, shape=extents, axis=axis + v[0].before)


def _reduced(draft: Draft, operator: str, x: Tensor, attribute: Attribute, extents: Shape) -> Tensor:
    axis = draft.integers(_numbers(attribute)[0] + x.before)
    return draft.apply(operator, x, axis, kind=x.kind, shape=extents, keepdims=0)


def _extreme(draft: Draft, op: Op, x: Tensor, y: Tensor, extents: Shape) -> Tensor:
    """The lesser or the greater; of long integers by a comparison, since runtimes may look at a half of them."""
    if x.kind is not I64:
        return draft.elementwise(_ORDERED[op], x, y, kind=x.kind, shape=extents)
    first = draft.elementwise("Less" if op is Op.MIN else "Greater", x, y, kind=BOOL, shape=extents)
    return where(draft, first, x, y, extents)


def _outermost(draft: Draft, x: Tensor, axis: int, extents: Shape, *, least: bool) -> Tensor:
    """The least or the greatest along an axis; of long integers by halves."""
    if x.kind is not I64:
        return _reduced(draft, "ReduceMin" if least else "ReduceMax", x, (axis,), extents)
    while (count := x.shape[axis]) > 1:
        half = count // 2
        shape = (*x.shape[:axis], count - half, *x.shape[axis + 1 :])
        # The halves share the element in the middle if there is one.
        parts = [
            draft.apply("Slice", x, *map(draft.integers, (start, stop, axis + x.before)), kind=I64, shape=shape)
            for start, stop in ((0, count - half), (half, count))
        ]
        x = _extreme(draft, Op.MIN if least else Op.MAX, parts[0], parts[1], shape)
    return draft.reshaped(x, extents)


def _summed(draft: Draft, x: Tensor, axis: int, extents: Shape) -> Tensor:
    """The sum along an axis; of integers as a product, since sums of runtimes may saturate where products wrap."""
    if x.kind in FLOATS:
        return _reduced(draft, "ReduceSum", x, (axis,), extents)
    rest = tuple(i for i in range(len(x.shape)) if i != axis)
    last = draft.cast(transposed(draft, x, (*rest, axis)), working(x.kind))
    ones = draft.constant(np.ones(x.shape[axis]), last.kind, "ones")
    return draft.cast(draft.apply("MatMul", last, ones, kind=last.kind, shape=extents), x.kind)


def _selected(draft: Draft, op: Op, v: tuple[Tensor, ...], attribute: Attribute, extents: Shape) -> Tensor:
    """Elements of an array, in other places."""
    x = v[0]

    def gather(positions: Any, axis: int, of: Tensor) -> Tensor:
        found = draft.constant(positions, I64, "positions")
        return draft.apply("Gather", of, found, kind=x.kind, shape=extents, axis=axis + of.before)

    match op:
        case Op.INDEX:
            at = _numbers(attribute)
            if x.array is not None:
                return draft.constant(x.array[at], x.kind, x.name)
            outer, rest = x.shape[: len(at)], x.shape[len(at) :]
            flat = draft.reshaped(x, (prod(outer), *rest)) if len(at) > 1 else x
            return gather(np.ravel_multi_index(at, outer), 0, flat)
        case Op.SLICE:
            axis, start, count, step = _numbers(attribute)
            end = start + count * step
            bounds = (start, end if end >= 0 else _LEAST, axis + x.before, step)
            return draft.apply("Slice", x, *map(draft.integers, bounds), kind=x.kind, shape=extents)
        case Op.UNFOLD:
            axis, size, stride, dilation = _numbers(attribute)
            return gather(windows(x.shape[axis], size, stride, dilation), axis, x)
        case Op.RESHAPE:
            return draft.reshaped(x, extents)
        case Op.TRANSPOSE:
            return transposed(draft, x, _numbers(attribute))
        case Op.UPDATE:
            return _updated(draft, x, v[1], v[2:])
        case _:
            count = _numbers(attribute)[0] if op is Op.WINDOW else 1
            position = _clamped(draft, v[1], x.shape[0] - count)
            if op is Op.WINDOW:
                offsets = draft.constant(np.arange(count), I64, "offsets")
                position = draft.elementwise("Add", position, offsets, kind=I64, shape=(count,))
            return _at(draft, x, position, extents)


def _clamped(draft: Draft, position: Tensor, last: int) -> Tensor:
    """An index within 0 and ``last``."""
    if position.kind is Scalar.U64:
        raise NoOperatorError
    wide = draft.cast(position, I64)
    below = _extreme(draft, Op.MIN, wide, draft.constant(last, I64, "last"), ())
    return _extreme(draft, Op.MAX, below, draft.constant(0, I64, "integer_0"), ())


def _at(draft: Draft, x: Tensor, positions: Tensor, extents: Shape) -> Tensor:
    """The parts of ``x`` at positions of its first axis, each element of a batch at its own."""
    if not x.batched or not positions.batched:
        return draft.apply("Gather", x, positions, kind=x.kind, shape=extents, axis=x.before)
    places = draft.reshaped(positions, (*positions.shape, 1))
    return draft.apply("GatherND", x, places, kind=x.kind, shape=extents, batch_dims=1)


def _updated(draft: Draft, x: Tensor, value: Tensor, positions: tuple[Tensor, ...]) -> Tensor:
    """``value`` where the place is the one that is set, which is none if an index is out of range."""
    here: Tensor | None = None
    for axis, position in enumerate(positions):
        places = np.arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
        along = tuple(n if i == axis else 1 for i, n in enumerate(x.shape))
        one = draft.elementwise(
            "Equal", draft.cast(position, I64), draft.constant(places, I64, "places"), kind=BOOL, shape=along
        )
        here = one if here is None else draft.elementwise("And", here, one, kind=BOOL, shape=_met(here.shape, along))
    assert here is not None
    return where(draft, here, value, x, x.shape)


def _met(a: Shape, b: Shape) -> Shape:
    return tuple(map(max, a, b))


def _product(draft: Draft, a: Tensor, b: Tensor, extents: Shape) -> Tensor:
    """A product of vectors and matrices; weights stand on the right, as runtimes want them."""
    kind = a.kind
    a, b = (draft.cast(x, working(kind)) for x in (a, b))

    def times(a: Tensor, b: Tensor, shape: Shape) -> Tensor:
        return draft.cast(draft.apply("MatMul", a, b, kind=a.kind, shape=shape), kind)

    if len(a.shape) == len(b.shape) == 1 and a.batched and b.batched:
        terms = draft.elementwise("Mul", a, b, kind=a.kind, shape=a.shape)
        return draft.cast(_summed(draft, terms, 0, ()), kind)
    if len(b.shape) == 1 and b.batched:
        if not a.batched:
            return times(b, a if len(a.shape) == 1 else transposed(draft, a, (1, 0)), extents)
        return draft.reshaped(times(a, draft.reshaped(b, (*b.shape, 1)), (*extents, 1)), extents)
    if len(a.shape) == 1 and a.batched and b.batched:
        return draft.reshaped(times(draft.reshaped(a, (1, *a.shape)), b, (1, *extents)), extents)
    return times(a, b, extents)


def transposed(draft: Draft, x: Tensor, order: tuple[int, ...]) -> Tensor:
    """``x`` with its axes in another order."""
    if order == tuple(range(len(order))):
        return x
    if x.array is not None:
        return draft.constant(x.array.transpose(order), x.kind, x.name)
    extents = tuple(x.shape[axis] for axis in order)
    perm = (*range(x.before), *(axis + x.before for axis in order))
    return draft.apply("Transpose", x, kind=x.kind, shape=extents, perm=perm)


def _contracted(draft: Draft, v: tuple[Tensor, ...], attribute: Attribute, extents: Shape) -> Tensor:
    form, kind = contraction(attribute), v[0].kind
    parts = [draft.cast(x, working(kind)) for x in v]
    used = "".join(form.operands)
    batch = next(letter for letter in reversed(ascii_letters) if letter not in used)
    letters = ",".join(batch * x.before + own for x, own in zip(parts, form.operands, strict=True))
    equation = f"{letters}->{batch * any(x.batched for x in parts)}{form.result}"
    return draft.cast(draft.apply("Einsum", *parts, kind=parts[0].kind, shape=extents, equation=equation), kind)
