"""Sets of truth values and of integers, for many boxes at a time; every element of a stream by itself.

Rule: a set contains what the program computes. Integers are intervals; machine integers that may leave their type are
any number of it. Enumerations are the numbers of their constructors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, EnumType, Scalar, Type, element, integer_range, size
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import Form, Mask, Positions, everything, joined, points

Integers = NDArray[np.int64]


class UnsupportedError(Exception):
    """What the analysis has no sets for; the message says what."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Which truth values are possible, (boxes, elements) each; in concrete runs ``margin`` says how far from false."""

    true: Mask
    false: Mask
    margin: Floats | None = None

    def taken(self, positions: Positions) -> Truth:
        """Elements by their position."""
        margin = None if self.margin is None else self.margin[:, positions]
        return Truth(self.true[:, positions], self.false[:, positions], margin)

    def part(self, boxes: Mask) -> Truth:
        """Some of the boxes."""
        if self.true.shape[0] == 1:
            return self
        return Truth(self.true[boxes], self.false[boxes], None if self.margin is None else self.margin[boxes])


@dataclass(frozen=True, slots=True, eq=False)
class Ints:
    """Integers from ``low`` to ``high``, (boxes, elements) each."""

    low: Integers
    high: Integers

    def taken(self, positions: Positions) -> Ints:
        """Elements by their position."""
        return Ints(self.low[:, positions], self.high[:, positions])

    def part(self, boxes: Mask) -> Ints:
        """Some of the boxes."""
        return self if self.low.shape[0] == 1 else Ints(self.low[boxes], self.high[boxes])


Value: TypeAlias = Form | Truth | Ints

_WIDEST = 2**62
_FAR = 1e300


def definite(value: bool) -> Truth:
    """One truth value, everywhere."""
    return Truth(np.array([[value]]), np.array([[not value]]), np.array([[np.inf if value else -np.inf]]))


def constant(const: Const) -> Value:
    """A constant."""
    data = np.atleast_1d(np.asarray(const.machine())).reshape(1, -1)
    if const.element is BOOL:
        truth = data.astype(np.bool_)
        return Truth(truth, ~truth, np.where(truth, np.inf, -np.inf))
    if const.element in FLOATS:
        values = data.astype(np.float64)
        return points(values) if np.isfinite(values).all() else everything(values.shape[1])
    if const.element in MACHINE_INTEGERS or isinstance(const.element, EnumType):
        return Ints(data.astype(np.int64), data.astype(np.int64)) if const.element is not Scalar.U64 else _wide(data)
    raise UnsupportedError(f"numbers of type {const.element}")


def _wide(data: NDArray[Any]) -> Ints:
    if (data > _WIDEST).any():
        raise UnsupportedError("integers above 2^62")
    return Ints(data.astype(np.int64), data.astype(np.int64))


def unknown(type_: Type) -> Value:
    """Every value of a type."""
    kind, count = element(type_), size(type_)
    if kind is BOOL:
        both = np.ones((1, count), dtype=np.bool_)
        return Truth(both, both, np.zeros((1, count)))
    if kind in FLOATS:
        return everything(count)
    low, high = bounds_of(type_)
    return Ints(np.full((1, count), low, dtype=np.int64), np.full((1, count), high, dtype=np.int64))


def bounds_of(type_: Type) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    kind = element(type_)
    if isinstance(kind, EnumType):
        return 0, len(kind.constructors) - 1
    if kind not in MACHINE_INTEGERS:
        raise UnsupportedError(f"numbers of type {kind}")
    low, high = integer_range(kind)
    return max(low, -_WIDEST), min(high, _WIDEST)


def in_type(low: Floats, high: Floats, type_: Type) -> Ints:
    """Integers of a type; any of it where the exact result may leave it."""
    least, most = bounds_of(type_)
    fits = (low >= least) & (high <= most)
    return Ints(np.where(fits, low, least).astype(np.int64), np.where(fits, high, most).astype(np.int64))


def selected(first: Mask, second: Mask, x: Value, y: Value) -> Value:
    """``x`` where ``first`` is possible, ``y`` where ``second`` is."""
    match x, y:
        case Form(), Form():
            return joined(x, y, first, second)
        case Truth(), Truth():
            margin = None
            if x.margin is not None and y.margin is not None:
                margin = np.where(first, x.margin, y.margin)
            return Truth((first & x.true) | (second & y.true), (first & x.false) | (second & y.false), margin)
        case Ints(), Ints():
            both = first & second
            low = np.where(both, np.minimum(x.low, y.low), np.where(first, x.low, y.low))
            return Ints(low, np.where(both, np.maximum(x.high, y.high), np.where(first, x.high, y.high)))
        case _:
            raise UnsupportedError("a choice between values of different types")


def logical(op: Op, x: Truth, y: Truth) -> Truth:
    """Conjunction, disjunction, exclusive disjunction."""
    match op:
        case Op.AND:
            margin = None if x.margin is None or y.margin is None else np.minimum(x.margin, y.margin)
            return Truth(x.true & y.true, x.false | y.false, margin)
        case Op.OR:
            margin = None if x.margin is None or y.margin is None else np.maximum(x.margin, y.margin)
            return Truth(x.true | y.true, x.false & y.false, margin)
        case _:
            true = (x.true & y.false) | (x.false & y.true)
            false = (x.true & y.true) | (x.false & y.false)
            return Truth(true, false, np.where(true, 1.0, -1.0))


def inverted(x: Truth) -> Truth:
    """Negation."""
    return Truth(x.false, x.true, None if x.margin is None else -x.margin)


def compared(op: Op, least: Floats, most: Floats) -> Truth:
    """``d op 0`` for a difference ``d`` from ``least`` to ``most``; everything where they are infinite."""
    middle = 0.5 * np.maximum(least, -_FAR) + 0.5 * np.minimum(most, _FAR)
    match op:
        case Op.LT:
            return Truth(least < 0, most >= 0, -middle)
        case Op.LE:
            return Truth(least <= 0, most > 0, -middle)
        case Op.GT:
            return Truth(most > 0, least <= 0, middle)
        case Op.GE:
            return Truth(most >= 0, least < 0, middle)
        case Op.EQ:
            return Truth((least <= 0) & (most >= 0), (least != 0) | (most != 0), -np.abs(middle))
        case _:
            return Truth((least != 0) | (most != 0), (least <= 0) & (most >= 0), np.abs(middle))


def integral(op: Op, x: Ints, y: Ints, type_: Type) -> Ints:
    """Arithmetic on intervals of integers."""
    xl, xh, yl, yh = (v.astype(np.float64) for v in (x.low, x.high, y.low, y.high))
    if max(float(np.abs(v).max()) for v in (xl, xh, yl, yh)) > 2.0**31 and op in (Op.MUL, Op.FLOORDIV, Op.MOD):
        raise UnsupportedError("products of large integers")
    match op:
        case Op.ADD:
            return in_type(xl + yl, xh + yh, type_) if _small(xl, xh, yl, yh) else _any(type_, x, y)
        case Op.SUB:
            return in_type(xl - yh, xh - yl, type_) if _small(xl, xh, yl, yh) else _any(type_, x, y)
        case Op.MUL:
            return _over(lambda a, b: a * b, (xl, xh), (yl, yh), type_)
        case Op.MIN:
            return Ints(np.minimum(x.low, y.low), np.minimum(x.high, y.high))
        case Op.MAX:
            return Ints(np.maximum(x.low, y.low), np.maximum(x.high, y.high))
        case Op.FLOORDIV if (yl > 0).all():
            return _over(lambda a, b: np.floor(a / b), (xl, xh), (yl, yh), type_)
        case Op.MOD if (yl > 0).all() and (yl == yh).all():
            same = np.floor(xl / yl) == np.floor(xh / yl)
            return in_type(np.where(same, np.mod(xl, yl), 0), np.where(same, np.mod(xh, yl), yl - 1), type_)
        case _:
            return _any(type_, x, y)


def _small(*parts: Floats) -> bool:
    """Whether sums are exact in binary64."""
    return all(float(np.abs(p).max()) <= 2.0**51 for p in parts)


def _any(type_: Type, x: Ints, y: Ints) -> Ints:
    shape = np.broadcast_shapes(x.low.shape, y.low.shape)
    low, high = bounds_of(type_)
    return Ints(np.full(shape, low, dtype=np.int64), np.full(shape, high, dtype=np.int64))


def _over(
    f: Callable[[Floats, Floats], Floats], x: tuple[Floats, Floats], y: tuple[Floats, Floats], type_: Type
) -> Ints:
    ends = [f(a, b) for a in x for b in y]
    return in_type(np.minimum.reduce(ends), np.maximum.reduce(ends), type_)
