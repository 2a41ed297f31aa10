"""Pointwise functions of streams, and vectors from parts.

Rule: each is one operator of the table, or the composition that its docstring states.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from itertools import groupby
from typing import Any, TypeVar, overload

import numpy as np

from syncml.ir.operators import Op
from syncml.ir.types import F32, Scalar, element, shape
from syncml.lang.literals import Literal, LiteralFault, literal
from syncml.lang.operations import apply, apply_at, common_element, literal_value, typed, value_of
from syncml.lang.records import Record, leafwise
from syncml.lang.source import here, inner
from syncml.lang.stream import Numbers, Open, Stream, stream
from syncml.lang.trace import POISON, Value, fault, trace_at
from syncml.lang.types import AnnotationFault, Mat, Tensor, Vec, pattern

X = TypeVar("X")
K = TypeVar("K", int, float)
C = TypeVar("C", bool, int, float)
M = TypeVar("M", bound=enum.Enum)
V = TypeVar("V", bound=Tensor[Any])
R = TypeVar("R", bound=Record)


@overload
def where(condition: Any, a: Stream[Open], b: Any) -> Stream[Any]: ...
@overload
def where(condition: Any, a: Any, b: Stream[Open]) -> Stream[Any]: ...
@overload
def where(condition: Stream[Open], a: Any, b: Any) -> Stream[Any]: ...
@overload
def where(condition: Stream[bool], a: R, b: R) -> R: ...
@overload
def where(condition: Stream[bool], a: Stream[V], b: Stream[V] | float | Numbers) -> Stream[V]: ...
@overload
def where(condition: Stream[bool], a: float | Numbers, b: Stream[V]) -> Stream[V]: ...
@overload
def where(condition: Stream[bool], a: Stream[X], b: Stream[X] | X) -> Stream[X]: ...
@overload
def where(condition: Stream[bool], a: X, b: Stream[X]) -> Stream[X]: ...
@overload
def where(condition: Stream[bool], a: C, b: C) -> Stream[C]: ...
@overload
def where(condition: Stream[bool], a: M, b: M) -> Stream[M]: ...
@overload
def where(condition: Stream[Vec[Any, bool]], a: Stream[V], b: Stream[V] | float | Numbers) -> Stream[V]: ...
@overload
def where(condition: Stream[Mat[Any, Any, bool]], a: Stream[V], b: Stream[V] | float | Numbers) -> Stream[V]: ...
@overload
def where(
    condition: Stream[Vec[Any, bool]] | Stream[Mat[Any, Any, bool]], a: float | Numbers, b: Stream[V]
) -> Stream[V]: ...
def where(condition: Any, a: Any, b: Any) -> Any:
    """``a`` where ``condition`` is true, else ``b``; both are computed at each tick."""
    if isinstance(a, Record) or isinstance(b, Record):

        def choose(x: Any, y: Any) -> Any:
            return where(condition, x, y)

        return leafwise(choose, a, b)
    return stream(apply(Op.WHERE, (condition, a, b)))


def cast(x: Stream[Any], to: type[X] | Stream[Any]) -> Stream[X]:
    """``x`` converted to the scalar type ``to``, such as ``f32``, or to that of a stream; tensors keep their shape.

    Integers wrap; floats to integers truncate, saturate, and NaN is 0; numbers to bool compare with 0; an enumeration
    has no number.
    """
    place = here()
    trace = trace_at(place, "`cast`")
    if isinstance(to, Stream):
        like = value_of(to, place)
        kind = None if like.atom is None else element(like.type)
        return stream(
            apply_at(place, trace, Op.CAST, [value_of(x, place)], kind) if isinstance(kind, Scalar) else POISON
        )
    try:
        wanted = pattern(to).closed
    except AnnotationFault as wrong:
        return stream(fault("L014", str(wrong), place.span, help=wrong.help))
    if not isinstance(wanted, Scalar):
        return stream(fault("T006", f"`cast` converts to scalar types, not to {wanted}", place.span))
    return stream(apply_at(place, trace, Op.CAST, [value_of(x, place)], wanted))


@overload
def minimum(a: Stream[Open], b: Any) -> Stream[Any]: ...
@overload
def minimum(a: Any, b: Stream[Open]) -> Stream[Any]: ...
@overload
def minimum(a: Stream[K], b: Stream[K] | K) -> Stream[K]: ...
@overload
def minimum(a: K, b: Stream[K]) -> Stream[K]: ...
@overload
def minimum(a: Stream[V], b: Stream[V] | float | Numbers) -> Stream[V]: ...
@overload
def minimum(a: float | Numbers, b: Stream[V]) -> Stream[V]: ...
def minimum(a: Any, b: Any) -> Any:
    """The lesser: ``b if b < a else a``, so a NaN in ``b`` is ignored and one in ``a`` is kept."""
    return stream(apply(Op.MIN, (a, b), role="minimum"))


@overload
def maximum(a: Stream[Open], b: Any) -> Stream[Any]: ...
@overload
def maximum(a: Any, b: Stream[Open]) -> Stream[Any]: ...
@overload
def maximum(a: Stream[K], b: Stream[K] | K) -> Stream[K]: ...
@overload
def maximum(a: K, b: Stream[K]) -> Stream[K]: ...
@overload
def maximum(a: Stream[V], b: Stream[V] | float | Numbers) -> Stream[V]: ...
@overload
def maximum(a: float | Numbers, b: Stream[V]) -> Stream[V]: ...
def maximum(a: Any, b: Any) -> Any:
    """The greater: ``b if b > a else a``, so a NaN in ``b`` is ignored and one in ``a`` is kept."""
    return stream(apply(Op.MAX, (a, b), role="maximum"))


@overload
def clip(x: Stream[Open], lo: Any, hi: Any) -> Stream[Any]: ...
@overload
def clip(x: Stream[K], lo: Stream[K] | K, hi: Stream[K] | K) -> Stream[K]: ...
@overload
def clip(x: Stream[V], lo: Stream[V] | float | Numbers, hi: Stream[V] | float | Numbers) -> Stream[V]: ...
def clip(x: Any, lo: Any, hi: Any) -> Any:
    """``x`` kept between ``lo`` and ``hi``: ``minimum(hi, maximum(lo, x))``, so that a NaN gives ``lo``."""
    place = here()
    trace = trace_at(place, "`clip`")
    value, low, high = value_of(x, place), value_of(lo, place), value_of(hi, place)
    above = apply_at(inner(place), trace, Op.MAX, [low, value], role="clip")
    return stream(apply_at(place, trace, Op.MIN, [high, above], role="clip"))


def exp(x: Stream[X]) -> Stream[X]:
    """The exponential."""
    return stream(apply(Op.EXP, (x,)))


def log(x: Stream[X]) -> Stream[X]:
    """The natural logarithm: -inf at 0, NaN below."""
    return stream(apply(Op.LOG, (x,)))


def tanh(x: Stream[X]) -> Stream[X]:
    """The hyperbolic tangent."""
    return stream(apply(Op.TANH, (x,)))


def sigmoid(x: Stream[X]) -> Stream[X]:
    """``1 / (1 + exp(-x))``."""
    return stream(apply(Op.SIGMOID, (x,)))


def sin(x: Stream[X]) -> Stream[X]:
    """The sine of radians."""
    return stream(apply(Op.SIN, (x,)))


def cos(x: Stream[X]) -> Stream[X]:
    """The cosine of radians."""
    return stream(apply(Op.COS, (x,)))


def sqrt(x: Stream[X]) -> Stream[X]:
    """The square root: NaN below 0."""
    return stream(apply(Op.SQRT, (x,)))


@overload
def atan2(y: Stream[X], x: Stream[X] | float) -> Stream[X]: ...
@overload
def atan2(y: float, x: Stream[X]) -> Stream[X]: ...
def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y) in radians."""
    return stream(apply(Op.ATAN2, (y, x)))


@overload
def vec(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    *parts: Stream[bool] | Stream[Vec[Any, bool]] | bool,
) -> Stream[Vec[Any, bool]]: ...
@overload
def vec(*parts: Stream[int] | Stream[Vec[Any, int]] | int) -> Stream[Vec[Any, int]]: ...
@overload
def vec(*parts: Stream[float] | Stream[Vec[Any, float]] | float) -> Stream[Vec[Any, float]]: ...
@overload
def vec(*parts: Stream[M] | Stream[Vec[Any, M]] | M) -> Stream[Vec[Any, M]]: ...
@overload
def vec(*parts: Stream[X] | Stream[Vec[Any, X]]) -> Stream[Vec[Any, X]]: ...
def vec(*parts: Any) -> Any:
    """A vector of scalars and of the elements of vectors, in order."""
    return stream(_joined(parts))


def _joined(parts: Sequence[object]) -> Value:
    place = here()
    trace = trace_at(place, "`vec`")
    values = [value_of(part, place) for part in parts]
    if any(value.atom is None for value in values):
        return POISON
    if not values:
        return fault("T002", "a vector of no elements", place.span, help="give at least one")
    if all(not shape(value.type) for value in values):
        return apply_at(place, trace, Op.STACK, values)
    flat: list[Value] = []
    for tensor, group in groupby(values, key=lambda value: bool(shape(value.type))):
        run = [_firm(value, values) for value in group]
        flat.extend(run if tensor else [apply_at(inner(place), trace, Op.STACK, run)])
    return apply_at(place, trace, Op.CONCAT, flat, (0,), role="vec")


def _firm(value: Value, beside: Sequence[Value]) -> Value:
    """A literal in the type of the streams beside it, since it becomes a vector before it meets them."""
    return typed(value, common_element(beside), here())


def stack(*parts: Stream[Any] | Numbers) -> Stream[Any]:
    """A new first axis: vectors of one size become the rows of a matrix, scalars a vector."""
    return stream(apply(Op.STACK, parts))


def concat(*parts: Stream[Any] | Numbers, axis: int = 0) -> Stream[Any]:
    """Vectors or matrices joined along ``axis``."""
    return stream(apply(Op.CONCAT, parts, (axis,)))


def einsum(form: str, *operands: Stream[Any] | Numbers) -> Stream[Any]:
    """A contraction, ``einsum("ij,j->i", a, b)``: a letter for each axis, and those of the result.

    Each element is the sum, from 0, of the products of the operands from left to right. The axes that are not in the
    result are summed in ascending order, the one that appears last fastest, with one accumulator. Products of two
    vectors or matrices become the operator ``@``.
    """
    written = form.replace(" ", "")
    if written in _PRODUCTS and len(operands) == 2:
        return stream(apply(Op.MATMUL, operands, role="einsum"))
    return stream(apply(Op.EINSUM, operands, written))


_PRODUCTS = frozenset({"i,i->", "ij,j->i", "i,ij->j", "ij,jk->ik"})


def arange(start: int, stop: int | None = None, step: int = 1, type: Any = None) -> Stream[Any]:
    """The constant vector of ``start``, ``start + step``, ... below ``stop``; ``arange(n)`` counts from 0.

    It has the type of the streams that it meets, ``i32`` on its own, unless ``type`` says which.
    """
    first, last = (0, start) if stop is None else (start, stop)
    if step == 0 or not range(first, last, step):
        return stream(fault("T002", f"a range of no elements, from {first} to {last} in steps of {step}", here().span))
    return constant(list(range(first, last, step)), type)


@overload
def constant(value: float, type: type[X], name: str = "") -> Stream[X]: ...
@overload
def constant(value: Numbers, type: Any = None, name: str = "") -> Stream[Any]: ...
@overload
def constant(value: X, type: None = None, name: str = "") -> Stream[X]: ...
def constant(value: Any, type: Any = None, name: str = "") -> Any:
    """A constant stream, which belongs to no node: a number, a member of an enumeration, or an array of weights.

    Args:
        value: The value at each tick.
        type: Its scalar type, such as ``f64``; without it, the type of the streams that it meets.
        name: The name in generated code; the name that it is assigned to if empty.
    """
    place = here()
    name = name or (place.names[0] if len(place.names) == 1 else "")
    try:
        found = literal(value, name)
    except LiteralFault as wrong:
        return stream(fault(wrong.code, str(wrong), place.span, help=wrong.help))
    if found is None:
        what = value.__class__.__name__
        return stream(
            fault(
                "T006",
                f"a constant of type `{what}`",
                place.span,
                help="give a number, an array or an enumeration's member",
            )
        )
    return stream(_as_constant(found, type))


def _as_constant(found: Literal, annotation: Any) -> Value:
    place = here()
    if annotation is None:
        return literal_value(found, place)
    try:
        wanted = pattern(annotation).closed
    except AnnotationFault as wrong:
        return fault("L014", str(wrong), place.span, help=wrong.help)
    if not isinstance(wanted, Scalar):
        return fault("L014", "the type of a constant is a scalar type", place.span, help="the shape is the value's")
    value = Value(literal_value(found, place).atom, literal=found)
    return value if value.atom is None else typed(value, wanted, place)


@overload
def zeros(size: int, /) -> Stream[Vec[Any, Any]]: ...
@overload
def zeros(rows: int, columns: int, /) -> Stream[Mat[Any, Any, Any]]: ...
def zeros(*extents: int) -> Any:
    """A constant vector or matrix of zeros, of the type of the streams that it meets (f32 on its own)."""
    return stream(literal_value(Literal(np.zeros(extents, np.float32), F32), here()))
