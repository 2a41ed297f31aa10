"""Float arithmetic on ranges: the results, and how far each may be from the exact value.

Rule: the ends of a result are machine results of ends. An operation is *exact* where its exact result is a multiple of
a power of two that the format holds at that magnitude: sums of small integers, products with powers of two. Elsewhere
the error is at most half the distance of the floats around the largest result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.ir.constants import dtype
from syncml.ir.types import Scalar
from syncml.verify.floats.domain import FINEST, Numbers, Range, rebuilt
from syncml.verify.floats.formats import FORMATS, half_spacing

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """The range of an operation's result, and at most how much it differs from the exact result of its operands.

    ``error`` is infinite where the operation may overflow, or zero where it is exact unless it does.
    """

    range: Range
    error: Numbers

    def map(self, f: Callable[[Numbers], Numbers]) -> Rounded:
        """A rearrangement of the elements."""
        return Rounded(self.range.map(f), np.asarray(f(self.error)))


def _finished(low: Any, high: Any, nan: Any, grid: Any, exact: Any, kind: Scalar) -> Rounded:
    storage = dtype(kind)
    low, high = np.asarray(low, dtype=storage), np.asarray(high, dtype=storage)
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    like = Range(np.asarray(low, dtype=storage), high, nan, grid)
    result = rebuilt(like, low, high, nan, np.clip(grid, FORMATS[kind].least, FINEST))
    error = half_spacing(result.magnitude, kind)
    error = np.where(result.nan, np.inf, error)
    return Rounded(result, np.asarray(np.where(np.asarray(exact), 0.0, error)))


def held(grid: Any, low: Any, high: Any, kind: Scalar) -> Any:
    """Whether the format holds every multiple of ``2^grid`` that rounds into an interval.

    What rounds to less than a power of two is itself less than that.
    """
    shape = FORMATS[kind]
    most = np.maximum(np.abs(low), np.abs(high)).astype(np.float64)
    reach = np.ldexp(1.0, np.clip(np.asarray(grid) + shape.precision, -1074, 1023))
    return (np.asarray(grid) >= shape.least) & (most < reach)


def add(a: Range, b: Range, kind: Scalar) -> Rounded:
    """The sum."""
    low, high = a.low + b.low, a.high + b.high
    nan = a.nan | b.nan
    nan = nan | (np.isneginf(a.low) & np.isposinf(b.high)) | (np.isposinf(a.high) & np.isneginf(b.low))
    grid = np.minimum(a.grid, b.grid)
    return _finished(low, high, nan, grid, held(grid, low, high, kind), kind)


def negated(a: Range) -> Range:
    """The negation."""
    return rebuilt(a, -a.high, -a.low, a.nan, a.grid)


def magnitude(a: Range) -> Range:
    """The absolute value."""
    crosses = (a.low <= 0) & (a.high >= 0)
    low = np.where(crosses, 0, np.minimum(np.abs(a.low), np.abs(a.high)))
    return rebuilt(a, low, np.maximum(np.abs(a.low), np.abs(a.high)), a.nan, a.grid)


def mul(a: Range, b: Range, kind: Scalar, *, square: bool = False) -> Rounded:
    """The product; ``square`` says that both operands are one stream."""
    ends: list[Any] = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    # Zero times infinity is NaN; the finite numbers beside it give zero.
    ends = [np.where(np.isnan(e), 0, e) for e in ends]
    low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
    if square:
        low = np.where((a.low <= 0) & (a.high >= 0), 0, np.minimum(a.low * a.low, a.high * a.high))
    nan = a.nan | b.nan | (_has_zero(a) & ~_bounded(b)) | (_has_zero(b) & ~_bounded(a))
    grid = np.asarray(a.grid) + np.asarray(b.grid)
    shifted = (_power(a) | _power(b)) & (grid >= FORMATS[kind].least)
    return _finished(low, high, nan, grid, held(grid, low, high, kind) | shifted, kind)


def div(a: Range, b: Range, kind: Scalar) -> Rounded:
    """The quotient; with zero among the divisors it may be anything."""
    ends: list[Any] = [x / y for x in (a.low, a.high) for y in (b.low, b.high)]
    ends = [np.where(np.isnan(e), 0, e) for e in ends]
    zero = _has_zero(b)
    low = np.where(zero, -np.inf, np.minimum.reduce(ends))
    high = np.where(zero, np.inf, np.maximum.reduce(ends))
    nan = a.nan | b.nan | (zero & _has_zero(a)) | (~_bounded(a) & ~_bounded(b))
    least = np.full(np.shape(low), FORMATS[kind].least)
    shift = np.where(_power(b), np.frexp(np.where(_power(b), b.low, 1).astype(np.float64))[1] - 1, 0)
    exact = _power(b) & (np.asarray(a.grid) - shift >= least)
    grid = np.where(exact, np.asarray(a.grid) - shift, least)
    return _finished(low, high, nan, grid, exact, kind)


def least_of(a: Range, b: Range) -> Range:
    """``b if b < a else a``."""
    high = np.where(b.nan, a.high, np.minimum(a.high, b.high))
    return rebuilt(a, np.minimum(a.low, b.low), high, a.nan, np.minimum(a.grid, b.grid))


def greatest_of(a: Range, b: Range) -> Range:
    """``b if b > a else a``."""
    low = np.where(b.nan, a.low, np.maximum(a.low, b.low))
    return rebuilt(a, low, np.maximum(a.high, b.high), a.nan, np.minimum(a.grid, b.grid))


def total(parts: Range, kind: Scalar) -> Rounded:
    """The sum along the first axis, from zero in ascending order; the error is that of all additions."""
    sum_ = Rounded(parts.map(lambda x: x[0]), np.zeros(parts.low.shape[1:]))
    for k in range(1, len(parts.low)):
        term = parts.map(lambda x, k=k: x[k])
        following = add(sum_.range, term, kind)
        sum_ = replace(following, error=sum_.error + following.error)
    return sum_


def _has_zero(r: Range) -> Any:
    return (r.low <= 0) & (r.high >= 0)


def _bounded(r: Range) -> Any:
    return np.isfinite(r.low) & np.isfinite(r.high)


def _power(r: Range) -> Any:
    """Whether the only value is a power of two, or its negation."""
    mantissa = np.frexp(np.where(np.isfinite(r.low), r.low, 3).astype(np.float64))[0]
    return (r.low == r.high) & (np.abs(mantissa) == 0.5)
