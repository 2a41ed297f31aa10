"""Functions of one float on affine forms: a slope, an offset and an error that hold on the range of the argument.

Rule: with ``m`` the middle and ``h`` the half width of the range, and ``f'' `` between ``a`` and ``b`` on it, Taylor's
theorem gives ``f(x) = f(m) + f'(m)(x - m) + r`` with ``r`` between ``min(a, 0) h^2/2`` and ``max(b, 0) h^2/2``. Convex
and concave functions have their extremes at the ends and at the tangent. Where the range of the function itself is
narrower than that, it is taken instead. The certified error of the program's own function is added, and `_NUMPY` for
what NumPy's may be off.
"""

from __future__ import annotations

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.elementary import CERTIFICATES
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.verify.networks.layers import function
from syncml.verify.networks.relaxation import image, lines
from syncml.verify.networks.rounding import TINY, UNIT, Floats, above, below, up
from syncml.verify.reach.forms import (
    Form,
    Symbols,
    added,
    difference,
    everything,
    form,
    joined,
    multiplied,
    points,
    scaled,
)

_NUMPY = 1e-14
"""A bound of the relative error of NumPy's functions in binary64, far above the few units in the last place that they
are known for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """``slope x + offset`` is within ``error`` of the function on the range; (boxes, elements) each."""

    slope: Floats
    offset: Floats
    error: Floats


def applied(op: Op, x: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``op(x)`` for an elementary function of one argument."""
    if symbols.concrete:
        return points(_at(op, x.center))
    low, high = x.low, x.high
    usable = np.isfinite(x.spread) & _in_domain(op, low, high)
    if not usable.any():
        return everything(x.center.shape[1])
    line = _line(op, np.where(usable, low, 1.0), np.where(usable, high, 1.0))
    least, most = _range(op, np.where(usable, low, 1.0), np.where(usable, high, 1.0))
    size = np.maximum(np.abs(least), np.abs(most))
    units = 0.5 if op is Op.SQRT else CERTIFICATES[op, scalar].error_ulp
    machine = units * (2.0 * UNIT[scalar] * size + TINY[scalar])
    error = up(line.error + machine + _NUMPY * size)
    result = scaled(x, line.slope, line.offset, error, None, symbols)
    # A constant in the range may be nearer than the line.
    flat = up(0.5 * (most - least) + machine + _NUMPY * size)
    better = np.isfinite(flat) & (flat < 0.9 * result.spread)
    if better.any():
        middle = 0.5 * least + 0.5 * most
        zero = np.zeros_like(middle)
        constant = scaled(x, zero, middle, flat, None, symbols)
        result = joined(constant, result, better, ~better)
    outward = 2.0 * machine + _NUMPY * size
    result = result.within(below(least - outward), above(most + outward))
    return result if usable.all() else joined(result, everything(x.center.shape[1]), usable, ~usable)


def divided(x: Form, y: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``x / y``: the exact quotient of the values, rounded once; everything where ``y`` may be zero."""
    if symbols.concrete:
        with np.errstate(all="ignore"):
            return points(np.nan_to_num(x.center / y.center))
    low, high = y.low, y.high
    usable = np.isfinite(y.spread) & ((low > 0.0) | (high < 0.0))
    if not usable.any():
        return everything(max(x.center.shape[1], y.center.shape[1]))
    low, high = np.where(usable, low, 1.0), np.where(usable, high, 1.0)
    middle = 0.5 * low + 0.5 * high
    at, slope = 1.0 / middle, -1.0 / (middle * middle)
    # On one side of zero 1/y - tangent has one sign and is largest at an end.
    off = np.maximum(
        np.abs(1.0 / low - (at + slope * (low - middle))), np.abs(1.0 / high - (at + slope * (high - middle)))
    )
    sign = np.sign(middle)
    lost = _NUMPY * (np.abs(1.0 / low) + np.abs(1.0 / high) + np.abs(slope) * (np.abs(low) + np.abs(high)))
    inverse = scaled(y, slope, at - slope * middle + 0.5 * sign * off, up(0.5 * off + lost), None, symbols)
    quotient = multiplied(x, inverse, scalar, symbols)
    if usable.all():
        return quotient
    return joined(quotient, everything(quotient.center.shape[1]), usable, ~usable)


def rectified(x: Form, symbols: Symbols) -> Form:
    """``max(0, x)``, which rounds nothing."""
    if symbols.concrete:
        return points(np.maximum(x.center, 0.0))
    low, high = x.low, x.high
    if (low >= 0.0).all():
        return x
    bounded = np.isfinite(x.spread)
    low, high = np.where(bounded, low, 0.0), np.where(bounded, high, 0.0)
    line = lines(Op.MAX, low, high)
    offset, slope = 0.5 * line.high, line.high_slope
    error = np.where(bounded, up(offset + 2.0**-52 * np.abs(line.high)), np.inf)
    return scaled(x, slope, offset, error, None, symbols)


def greater(x: Form, y: Form, scalar: Scalar, symbols: Symbols, sign: float) -> Form:
    """``max(x, y)`` for ``sign`` 1, ``min(x, y)`` for -1, exactly one of the two values."""
    if symbols.concrete:
        return points(np.maximum(x.center, y.center) if sign > 0 else np.minimum(x.center, y.center))
    first, second = (x.low >= y.high, x.high <= y.low) if sign > 0 else (x.high <= y.low, x.low >= y.high)
    first, second = np.broadcast_arrays(first, second & ~first)
    if (first | second).all():
        return joined(x, y, first, second)
    # Without rounding: the formula is not what the program computes.
    over = rectified(difference(x, y) if sign > 0 else difference(y, x), symbols)
    count = max(over.generators.shape[2], y.generators.shape[2])
    other = form(y.center + sign * over.center, y.padded(count) + sign * over.padded(count), up(y.radius + over.radius))
    # No more than both, where the relaxation says less than an interval.
    if sign > 0:
        least, most = np.maximum(x.low, y.low), np.maximum(x.high, y.high)
    else:
        least, most = np.minimum(x.low, y.low), np.minimum(x.high, y.high)
    return narrowed(other, least, most, symbols).within(least, most)


def narrowed(x: Form, least: Floats, most: Floats, symbols: Symbols) -> Form:
    """``x``, which is known to be from ``least`` to ``most``: the interval where it is much narrower."""
    width = 0.5 * most - 0.5 * least
    better = np.isfinite(width) & (width < 0.7 * x.spread)
    if not better.any():
        return x
    middle = 0.5 * least + 0.5 * most
    half = up(width + 2.0**-51 * (np.abs(least) + np.abs(most)))
    zero = np.zeros_like(middle)
    middle, half = np.where(np.isfinite(middle), middle, 0.0), np.where(np.isfinite(half), half, 0.0)
    constant = scaled(Form(zero, np.zeros((*zero.shape, 0)), zero, zero), zero, middle, half, None, symbols)
    return joined(constant, x, better, ~better)


def magnitude(x: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``|x|``."""
    return greater(x, Form(-x.center, -x.generators, x.radius, x.spread), scalar, symbols, 1.0)


def square(x: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``x * x``: convex, so that the tangent in the middle is off by half the square of the half width at most."""
    if symbols.concrete:
        return points(x.center * x.center)
    bounded = np.isfinite(x.spread)
    half = np.where(bounded, x.spread, 0.0)
    off = up(half * half)
    slope, offset = 2.0 * x.center, -x.center * x.center + 0.5 * off
    error = np.where(bounded, up(0.5 * off + 2.0**-50 * (x.center * x.center + off)), np.inf)
    result = scaled(x, slope, offset, error, scalar, symbols)
    return result.within(np.zeros_like(result.center), np.full_like(result.center, np.inf))


def _at(op: Op, x: Floats) -> Floats:
    with np.errstate(all="ignore"):
        match op:
            case Op.TANH | Op.SIGMOID:
                return function(op, x)
            case Op.SIN:
                return np.sin(x)
            case Op.COS:
                return np.cos(x)
            case Op.EXP:
                return np.exp(np.minimum(x, 700.0))
            case Op.LOG:
                return np.log(np.maximum(x, 1e-300))
            case _:
                return np.sqrt(np.maximum(x, 0.0))


def _in_domain(op: Op, low: Floats, high: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    match op:
        case Op.SQRT | Op.LOG:
            return low > 1e-30
        case Op.EXP:
            return high < 80.0
        case Op.SIN | Op.COS:
            return np.maximum(np.abs(low), np.abs(high)) < 1e6
        case _:
            return np.isfinite(low)


def _range(op: Op, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The range of the function, outward of the errors of NumPy's."""
    match op:
        case Op.TANH | Op.SIGMOID:
            return image(op, low, high)
        case Op.SIN | Op.COS:
            ahead = 0.5 * np.pi if op is Op.COS else 0.0
            least, most = _waves(low + ahead, high + ahead)
            return np.maximum(least - 1e-9, -1.0), np.minimum(most + 1e-9, 1.0)
        case _:
            at_low, at_high = _at(op, low), _at(op, high)
            return at_low - _NUMPY * np.abs(at_low), at_high + _NUMPY * np.abs(at_high)


def _waves(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The range of the sine between two angles, up to 1e-9: the error of the angles of its extremes."""
    turn = 2.0 * np.pi
    has_top = np.floor((high - 0.5 * np.pi) / turn + 1e-10) >= np.ceil((low - 0.5 * np.pi) / turn - 1e-10)
    has_bottom = np.floor((high + 0.5 * np.pi) / turn + 1e-10) >= np.ceil((low + 0.5 * np.pi) / turn - 1e-10)
    ends = np.sin(low), np.sin(high)
    return np.where(has_bottom, -1.0, np.minimum(*ends)), np.where(has_top, 1.0, np.maximum(*ends))


def _line(op: Op, low: Floats, high: Floats) -> _Line:
    middle = 0.5 * low + 0.5 * high
    half = up(np.maximum(high - middle, middle - low))
    if op in (Op.TANH, Op.SIGMOID):
        found = lines(op, low, high)
        # Both lines bound the function; the steeper slope's line differs from the other's by this much at an end.
        slope = 0.5 * found.low_slope + 0.5 * found.high_slope
        apart = 0.5 * np.abs(found.high_slope - found.low_slope)
        tilt = apart * np.maximum(np.abs(low), np.abs(high))
        lower, upper = found.low - tilt, found.high + tilt
        chord = _chord(op, low, high)
        narrow = chord.error < 0.5 * (upper - lower)
        offset = np.where(narrow, chord.offset, 0.5 * lower + 0.5 * upper)
        error = up(np.maximum(upper - (0.5 * lower + 0.5 * upper), (0.5 * lower + 0.5 * upper) - lower) + 1e-15)
        return _Line(np.where(narrow, chord.slope, slope), offset, np.where(narrow, chord.error, error))
    value, slope = _at(op, middle), _slope(op, middle)
    least, most = _curvature(op, low, high)
    down, upward = 0.5 * np.minimum(least, 0.0) * half * half, 0.5 * np.maximum(most, 0.0) * half * half
    offset = value - slope * middle + 0.5 * down + 0.5 * upward
    lost = _NUMPY * (np.abs(value) + np.abs(slope) * (np.abs(middle) + half))
    return _Line(slope, offset, up(0.5 * upward - 0.5 * down + lost))


def _chord(op: Op, low: Floats, high: Floats) -> _Line:
    """Taylor's theorem for the functions whose second derivative is at most 0.77 (tanh) or 0.1 (sigmoid)."""
    middle = 0.5 * low + 0.5 * high
    half = up(np.maximum(high - middle, middle - low))
    value = function(op, middle)
    slope = 1.0 - value * value if op is Op.TANH else value * (1.0 - value)
    bend = 0.77 if op is Op.TANH else 0.1
    error = up(0.5 * bend * half * half + 1e-12 * (1.0 + np.abs(middle) * slope))
    return _Line(slope, value - slope * middle, error)


def _slope(op: Op, x: Floats) -> Floats:
    match op:
        case Op.SIN:
            return np.cos(x)
        case Op.COS:
            return -np.sin(x)
        case Op.EXP:
            return _at(Op.EXP, x)
        case Op.LOG:
            return 1.0 / x
        case _:
            return 0.5 / np.sqrt(x)


def _curvature(op: Op, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Bounds of the second derivative."""
    match op:
        case Op.SIN | Op.COS:
            least, most = _range(op, low, high)
            return -most, -least
        case Op.EXP:
            least, most = _range(op, low, high)
            return least, most
        case Op.LOG:
            return -1.0001 / (low * low), -0.9999 / (high * high)
        case _:
            return -0.25001 / low**1.5, -0.24999 / high**1.5


def summed(x: Form, groups: int, scalar: Scalar, symbols: Symbols) -> Form:
    """Sums of consecutive elements: (boxes, groups * length) to (boxes, groups), from the first to the last."""
    length = x.center.shape[1] // groups
    total = x.taken(np.arange(groups) * length)
    for k in range(1, length):
        total = added(total, x.taken(np.arange(groups) * length + k), 1.0, scalar, symbols)
    return total
