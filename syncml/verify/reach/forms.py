"""Affine forms of many sets at a time: the values of a float stream as a function of shared unknowns.

    x  =  center + generators e + radius s        e, s in [-1, 1]

The unknowns ``e`` are shared by all forms of a run, so that what two streams have in common cancels; ``s`` is a form's
own. Rule: a form of a stream contains every value that the program computes, in its own floats: each operation adds
the error of one rounding in the type of the stream (|error| <= u |result| + eta), and what this computation in binary64
loses. A form whose radius is infinite contains every value, NaN among them.

A stream's elements are in row-major order: (boxes, elements), (boxes, elements, unknowns), (boxes, elements). One box
stands for all where there is no difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.types import Scalar
from syncml.verify.networks.rounding import LARGEST, TINY, UNIT, Floats, gamma, up

Positions = NDArray[np.intp]
Mask = NDArray[np.bool_]

_UNIT = 2.0**-52
_FEW = 16
"""Vectors with more elements than this get no unknowns of their own for the errors of an operation."""


@dataclass(slots=True)
class Symbols:
    """The number of unknowns that are in use; `concrete` runs follow one point in each box, without errors."""

    count: int = 0
    concrete: bool = False

    def fresh(self, number: int) -> int:
        """Reserve unknowns; the first of them."""
        first = self.count
        self.count += number
        return first


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One stream; ``spread`` is how far a value is from the centre at most.

    ``least`` and ``most`` are bounds that are known beside the form, such as those of a minimum or maximum; a form that
    contains everything has none, because a NaN meets no bound.
    """

    center: Floats
    generators: Floats
    radius: Floats
    spread: Floats
    least: Floats | None = None
    most: Floats | None = None

    @property
    def low(self) -> Floats:
        """The least values."""
        low = np.where(self.spread == 0.0, self.center, np.nextafter(self.center - self.spread, -np.inf))
        return low if self.least is None else np.where(np.isfinite(self.spread), np.maximum(low, self.least), low)

    @property
    def high(self) -> Floats:
        """The greatest values."""
        high = np.where(self.spread == 0.0, self.center, np.nextafter(self.center + self.spread, np.inf))
        if self.most is None:
            return high
        return np.where(np.isfinite(self.spread), np.minimum(high, self.most), high)

    def within(self, least: Floats, most: Floats) -> Form:
        """The same values, of which these bounds are known too."""
        return Form(self.center, self.generators, self.radius, self.spread, least, most)

    @property
    def magnitude(self) -> Floats:
        """The greatest magnitudes."""
        return up(np.abs(self.center) + self.spread)

    def taken(self, positions: Positions) -> Form:
        """Elements by their position, exactly."""
        return Form(
            self.center[:, positions], self.generators[:, positions], self.radius[:, positions],
            self.spread[:, positions], *(None if b is None else b[:, positions] for b in (self.least, self.most)),
        )  # fmt: skip

    def part(self, boxes: Mask) -> Form:
        """Some of the boxes."""
        if self.center.shape[0] == 1:
            return self
        bounds = (b if b is None or b.shape[0] == 1 else b[boxes] for b in (self.least, self.most))
        return Form(self.center[boxes], self.generators[boxes], self.radius[boxes], self.spread[boxes], *bounds)

    def padded(self, count: int) -> Floats:
        """The generators with zeros for later unknowns."""
        known = self.generators.shape[2]
        if known == count:
            return self.generators
        wide = np.zeros((*self.center.shape, count))
        wide[:, :, :known] = self.generators
        return wide


def form(center: Floats, generators: Floats, radius: Floats, scalar: Scalar | None = None) -> Form:
    """A form, with the error of computing its parts and, for the result of an operation in ``scalar``, its rounding."""
    along = np.abs(generators).sum(axis=2) if generators.shape[2] else np.zeros_like(radius)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(center) + along
        radius = _raised(radius + (_UNIT * (1 + generators.shape[2] * 2.0**-10)) * size)
        if scalar is not None:
            reach = _raised(size + radius)
            error = np.where(reach > 0.0, UNIT[scalar] * reach + TINY[scalar], 0.0)
            radius = np.where(reach < LARGEST[scalar], _raised(radius + error), np.inf)
        spread = _raised(along + radius)
    fine = np.isfinite(spread) & np.isfinite(center)
    if not fine.all():
        center, radius = np.where(fine, center, 0.0), np.where(fine, radius, np.inf)
        generators, spread = np.where(fine[:, :, None], generators, 0.0), np.where(fine, spread, np.inf)
    return Form(center, generators, radius, spread)


def _raised(magnitude: Floats) -> Floats:
    """`up` where there is anything: zero is a sum of zeros, which is exact; products have a radius of their own."""
    return np.where(magnitude > 0.0, up(magnitude), 0.0)


def points(values: Floats) -> Form:
    """Single values, (boxes, elements)."""
    zero = np.zeros_like(values)
    return Form(values, np.zeros((*values.shape, 0)), zero, zero)


def everything(elements: int) -> Form:
    """Every value."""
    infinite = np.full((1, elements), np.inf)
    return Form(np.zeros((1, elements)), np.zeros((1, elements, 0)), infinite, infinite)


def interval(low: Floats, high: Floats, symbols: Symbols, *, own: bool = True) -> Form:
    """The values from ``low`` to ``high``, with an unknown for each element if ``own``."""
    bounded = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(bounded, low, 0.0), np.where(bounded, high, 0.0)
    center = 0.5 * low + 0.5 * high
    half = up(np.maximum(high - center, center - low) + _UNIT * np.abs(center))
    half = np.where(bounded, np.where(low == high, 0.0, np.maximum(half, 0.0)), np.inf)
    if not own or not bounded.all():
        return Form(center, np.zeros((*center.shape, 0)), half, half)
    return _with_errors(Form(center, np.zeros((*center.shape, 0)), 0.0 * half, 0.0 * half), half, symbols, least=0.0)


def _with_errors(x: Form, error: Floats, symbols: Symbols, least: float = 1e-9) -> Form:
    """``x`` and an error that is at most ``error``: an unknown of its own where it is worth one, else the radius."""
    if not error.any():
        return x
    elements = x.center.shape[1]
    worth = np.isfinite(error) & (error > least * (1.0 + np.abs(x.center)))
    if elements > _FEW or not worth.any():
        return form(x.center, x.generators, _raised(x.radius + error))
    first = symbols.fresh(elements)
    error = np.broadcast_to(error, np.broadcast_shapes(error.shape, x.center.shape))
    boxes = error.shape[0]
    generators = np.zeros((boxes, elements, symbols.count))
    generators[:, :, : x.generators.shape[2]] = x.generators
    each = np.arange(elements, dtype=np.intp)
    generators[:, each, first + each] = np.where(np.isfinite(error), error, 0.0)
    center = np.broadcast_to(x.center, error.shape)
    radius = np.where(np.isfinite(error), np.broadcast_to(x.radius, error.shape), np.inf)
    return form(center, generators, radius)


def added(x: Form, y: Form, sign: float, scalar: Scalar, symbols: Symbols) -> Form:
    """``x + sign * y``."""
    if symbols.concrete:
        return points(x.center + sign * y.center)
    count = max(x.generators.shape[2], y.generators.shape[2])
    generators = x.padded(count) + sign * y.padded(count)
    return form(x.center + sign * y.center, generators, x.radius + y.radius, scalar)


def difference(x: Form, y: Form) -> Form:
    """``x - y`` as real numbers, without rounding."""
    count = max(x.generators.shape[2], y.generators.shape[2])
    return form(x.center - y.center, x.padded(count) - y.padded(count), up(x.radius + y.radius))


def negated(x: Form) -> Form:
    """``-x``, exactly."""
    return Form(-x.center, -x.generators, x.radius, x.spread)


def rounded(x: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``x`` converted to another float type."""
    return x if symbols.concrete else form(x.center, x.generators, x.radius, scalar)


def scaled(x: Form, slope: Floats, offset: Floats, error: Floats, scalar: Scalar | None, symbols: Symbols) -> Form:
    """``slope * x + offset`` and an error; (boxes, elements) each."""
    with np.errstate(invalid="ignore"):
        radius = up(np.abs(slope) * x.radius + _UNIT * (np.abs(slope * x.center) + np.abs(offset)))
    radius = np.where(np.isfinite(x.spread), radius, np.inf)
    plain = form(slope * x.center + offset, slope[:, :, None] * x.generators, radius, scalar)
    return _with_errors(plain, error, symbols)


def multiplied(x: Form, y: Form, scalar: Scalar | None, symbols: Symbols) -> Form:
    """``x * y``: the linear part, and the products of unknowns as an error; squares of one unknown are 0 to 1."""
    if symbols.concrete:
        return points(x.center * y.center)
    count = max(x.generators.shape[2], y.generators.shape[2])
    gx, gy = x.padded(count), y.padded(count)
    center = x.center * y.center
    generators = x.center[:, :, None] * gy + y.center[:, :, None] * gx
    squares = gx * gy
    half = 0.5 * squares.sum(axis=2)
    same = np.abs(squares).sum(axis=2)
    along_x, along_y = np.abs(gx).sum(axis=2), np.abs(gy).sum(axis=2)
    with np.errstate(invalid="ignore", over="ignore"):
        crossed = np.maximum(along_x * along_y - same, 0.0) + 0.5 * same
        linear = np.abs(x.center) * along_y + np.abs(y.center) * along_x
        lost = gamma(2 * count + 4) * (along_x * along_y + np.abs(center) + linear)
        radius = np.abs(x.center) * y.radius + np.abs(y.center) * x.radius
        radius = radius + along_x * y.radius + along_y * x.radius + x.radius * y.radius + lost
    fine = np.isfinite(x.spread) & np.isfinite(y.spread)
    result = form(center + half, generators, np.where(fine, up(radius), np.inf), scalar)
    return _with_errors(result, np.where(fine, up(crossed), 0.0), symbols)


def weighted(weight: Floats, x: Form, scalar: Scalar, symbols: Symbols) -> Form:
    """``weight @ x``: sums of products from the first to the last, as the program computes them."""
    if symbols.concrete:
        return points(x.center @ weight.T)
    size = np.abs(weight)
    fine = np.isfinite(x.spread).all(axis=1, keepdims=True)
    magnitude = up(np.where(fine, x.magnitude, 0.0) @ size.T)
    terms = int(np.count_nonzero(weight, axis=1).max(initial=0))
    lost = (gamma(terms + 2) + gamma(terms, scalar)) * magnitude + (terms + 1) * TINY[scalar]
    radius = np.where(fine, up(np.where(fine, x.radius, 0.0) @ size.T + lost), np.inf)
    radius = np.where(magnitude < LARGEST[scalar], radius, np.inf)
    return form(x.center @ weight.T, np.matmul(weight, x.generators), radius)


def joined(x: Form, y: Form, first: Mask, second: Mask) -> Form:
    """For each box and element ``x`` where ``first``, ``y`` where ``second``, either where both may be."""
    if first.all() and not second.any():
        return x
    if second.all() and not first.any():
        return y
    count = max(x.generators.shape[2], y.generators.shape[2])
    both = first & second
    gx, gy = x.padded(count), y.padded(count)
    apart = difference(x, y).magnitude
    center = np.where(both, 0.5 * x.center + 0.5 * y.center, np.where(first, x.center, y.center))
    generators = np.where(both[:, :, None], 0.5 * gx + 0.5 * gy, np.where(first[:, :, None], gx, gy))
    # Half of the difference as a form is part of the average; its radius counts once more at most.
    radius = np.where(both, np.maximum(x.radius, y.radius) + 0.5 * apart, np.where(first, x.radius, y.radius))
    result = form(center, generators, up(radius))
    if x.least is None and x.most is None and y.least is None and y.most is None:
        return result
    lows, highs = (x.low, y.low), (x.high, y.high)
    least = np.where(both, np.minimum(*lows), np.where(first, *lows))
    return result.within(least, np.where(both, np.maximum(*highs), np.where(first, *highs)))
