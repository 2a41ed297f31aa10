"""Sets of values of a stream: an interval, whether NaN is among them, and what they are multiples of.

Rule: a `Range` holds, for each element of a value, the numbers from ``low`` to ``high``, all of them multiples of
``2^grid``, and NaN where ``nan`` says so. Floats have their own machine type here: as rounding is monotone, the ends
of a sum of intervals are the machine sums of the ends, with nothing to round outward. A float remains a multiple of a
power of two: adding two multiples gives a multiple, rounded or not, and a sum small enough to be held is not rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, dtype
from syncml.ir.types import (
    BOOL,
    FLOATS,
    MACHINE_INTEGERS,
    Element,
    EnumType,
    Scalar,
    Type,
    element,
    integer_range,
    shape,
)
from syncml.verify.floats.formats import FORMATS

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

Numbers = Any
"""An array: of the machine type for floats and Booleans, of Python numbers for everything else."""

FINEST = 4000
"""The grid of zero, a multiple of every power of two."""


@dataclass(frozen=True, slots=True)
class Range:
    """A set of values, element by element; all arrays have the shape of the stream."""

    low: Numbers
    high: Numbers
    nan: Numbers
    grid: Numbers

    def map(self, f: Callable[[Numbers], Numbers]) -> Range:
        """A rearrangement of the elements."""
        return rebuilt(self, f(self.low), f(self.high), f(self.nan), f(self.grid))

    def same(self, other: Range) -> bool:
        """Whether two ranges are the same sets."""
        return bool(
            np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)
            and np.array_equal(self.nan, other.nan) and np.array_equal(self.grid, other.grid)
        )  # fmt: skip

    @property
    def finite(self) -> Numbers:
        """Which elements are neither infinite nor NaN (of floats)."""
        return np.isfinite(self.low) & np.isfinite(self.high) & ~self.nan

    @property
    def magnitude(self) -> Numbers:
        """The largest magnitude of each element (of floats)."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


def rebuilt(like: Range, low: Any, high: Any, nan: Any, grid: Any) -> Range:
    """A range of arrays again, where NumPy made plain numbers of arrays without axes."""
    kind = like.low.dtype
    ends = (np.asarray(low, dtype=kind), np.asarray(high, dtype=kind))
    return Range(*ends, np.asarray(nan, dtype=np.bool_), np.asarray(grid, dtype=np.int64))


def zip_map(ranges: Sequence[Range], f: Callable[[list[Numbers]], Numbers]) -> Range:
    """The elements of several ranges, joined by ``f``."""
    return rebuilt(ranges[0], *(f([getattr(r, part) for r in ranges]) for part in ("low", "high", "nan", "grid")))


def storage(kind: Element) -> Any:
    """The type of the arrays that hold the ends of intervals of ``kind``."""
    return dtype(kind) if kind in FLOATS or kind is BOOL else np.dtype(object)


def limits(kind: Element) -> tuple[Any, Any]:
    """The least and the greatest value of a type; infinities where there is none."""
    if isinstance(kind, EnumType):
        return 0, len(kind.constructors) - 1
    if kind is BOOL:
        return False, True
    if kind in MACHINE_INTEGERS:
        return integer_range(kind)
    return -np.inf, np.inf


def of_ends(low: Any, high: Any, kind: Element, *, nan: bool = False, grid: int | None = None) -> Range:
    """One interval for all elements of an array of ends (or for a scalar)."""
    ends = [np.array(x, dtype=storage(kind)) for x in (low, high)]
    finest = coarsest(kind) if grid is None else grid
    return Range(ends[0], ends[1], np.full(ends[0].shape, nan), np.full(ends[0].shape, finest))


def coarsest(kind: Element) -> int:
    """The power of two that every number of a type is a multiple of."""
    return FORMATS[kind].least if isinstance(kind, Scalar) and kind in FLOATS else 0


def top(type_: Type, *, finite: bool = False) -> Range:
    """Every value of a type; of floats the finite ones, or all."""
    kind = element(type_)
    low, high = limits(kind)
    if kind in FLOATS and finite:
        high = np.finfo(dtype(kind)).max
        low = -high
    every = of_ends(np.full(shape(type_), low), np.full(shape(type_), high), kind)
    if kind in FLOATS and not finite:
        return Range(every.low, every.high, np.full(shape(type_), True), every.grid)
    return every


def of_constant(const: Const, type_: Type) -> Range:
    """The one value of a constant, spread over the shape of ``type_``."""
    kind = element(type_)
    if isinstance(kind, EnumType) or kind in (Scalar.INT, Scalar.REAL):
        value: Any = const.machine()
    else:
        value = np.asarray(const.machine())
    held = np.array(np.broadcast_to(np.asarray(value, dtype=storage(kind)), shape(type_)))
    if kind not in FLOATS:
        return Range(held, held, np.zeros(held.shape, dtype=bool), np.zeros(held.shape, dtype=np.int64))
    number = np.where(np.isnan(held), 0, held).astype(storage(kind))
    return Range(number, number, np.isnan(held), grid_of(number))


def grid_of(number: Numbers) -> Numbers:
    """The largest power of two, as its exponent, that each float is a multiple of."""
    flat: list[int] = []
    for x in np.asarray(number).reshape(-1).tolist():
        if not np.isfinite(x) or x == 0:
            flat.append(FINEST)
            continue
        exact = Fraction(x)
        up = (exact.numerator & -exact.numerator).bit_length() - 1
        flat.append(up - (exact.denominator.bit_length() - 1))
    return np.array(flat, dtype=np.int64).reshape(np.shape(number))


def join(a: Range, b: Range) -> Range:
    """Every value of either."""
    ends = np.minimum(a.low, b.low), np.maximum(a.high, b.high)
    return rebuilt(a, *ends, a.nan | b.nan, np.minimum(a.grid, b.grid))


def meet(a: Range, low: Numbers, high: Numbers) -> Range:
    """The values of ``a`` that a comparison found between ``low`` and ``high``; ``a`` itself where that is empty."""
    least, greatest = _on_grid(np.maximum(a.low, low), np.minimum(a.high, high), a)
    empty = least > greatest
    ends = np.where(empty, a.low, least), np.where(empty, a.high, greatest)
    return rebuilt(a, *ends, a.nan & empty, a.grid)


_WHOLE = 40
"""Ends go to the multiples of a grid that is no finer than this many binary places."""


def _on_grid(low: Numbers, high: Numbers, a: Range) -> tuple[Numbers, Numbers]:
    """The least and the greatest multiple of the grid between two ends."""
    if a.low.dtype.kind != "f":
        return low, high
    grid = np.where((a.grid >= -_WHOLE) & (a.grid <= _WHOLE), a.grid, 0)
    coarse = (grid == a.grid) & (np.abs(low) < 2.0**_WHOLE) & (np.abs(high) < 2.0**_WHOLE)
    steps = [np.ldexp(np.where(coarse, x, 0).astype(np.float64), -grid) for x in (low, high)]
    up, down = np.ldexp(np.ceil(steps[0]), grid), np.ldexp(np.floor(steps[1]), grid)
    return np.where(coarse, up, low).astype(a.low.dtype), np.where(coarse, down, high).astype(a.low.dtype)


def both(a: Range, b: Range) -> Range:
    """The values of two ranges of the same stream."""
    narrowed = meet(a, b.low, b.high)
    return rebuilt(a, narrowed.low, narrowed.high, a.nan & b.nan, np.maximum(a.grid, b.grid))


def contains(a: Range, b: Range) -> bool:
    """Whether every value of ``b`` is one of ``a``."""
    within = (a.low <= b.low) & (b.high <= a.high) & (a.nan | ~b.nan) & (a.grid <= b.grid)
    return bool(np.all(within))


def hull(ranges: Range, axis: int = 0) -> Range:
    """Every value that occurs along an axis."""
    ends = np.min(ranges.low, axis=axis), np.max(ranges.high, axis=axis)
    return rebuilt(ranges, *ends, np.any(ranges.nan, axis=axis), np.min(ranges.grid, axis=axis))


def clamped(r: Range, kind: Scalar) -> Range:
    """The finite floats of a range; all of them where there is none."""
    most = dtype(kind).type(FORMATS[kind].largest)
    return rebuilt(r, np.clip(r.low, -most, most), np.clip(r.high, -most, most), np.zeros_like(r.nan), r.grid)
