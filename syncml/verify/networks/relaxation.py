"""Linear relaxations of activations on intervals: ``low_slope x + low <= f(x) <= high_slope x + high``.

Rule: any slope is sound if its intercept is the extreme of ``f(x) - slope x`` on the interval; the slopes are chosen
for tightness, the intercepts computed for soundness and moved outward. Of max(0, x) the upper line is the chord, and
every slope from 0 to 1 through the origin is below. ``tanh(x) - s x`` has its extremes at the ends and where the slope
``1 - tanh(x)^2`` is s; a point near there is off by the square of its distance, which `_OUTWARD` covers with the errors
of the library's tanh. The sigmoid is ``1/2 + tanh(x/2)/2``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.operators import Op
from syncml.verify.networks.rounding import Floats, above, below

_OUTWARD = 1e-12
_FLATTEST = 1e-12
"""Slopes below this are taken as 0: where the tangent has such a slope lies too far out to be computed well."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """For each box and neuron a line below and a line above the activation."""

    low_slope: Floats
    low: Floats
    high_slope: Floats
    high: Floats


def lines(op: Op, low: Floats, high: Floats) -> Lines:
    """The relaxations on intervals from ``low`` to ``high``, which are finite."""
    match op:
        case Op.MAX:
            return _relu(low, high)
        case Op.TANH:
            return _tanh(low, high)
        case Op.SIGMOID:
            half = _tanh(0.5 * low, 0.5 * high)
            return Lines(
                0.25 * half.low_slope, 0.5 + 0.5 * half.low - _OUTWARD,
                0.25 * half.high_slope, 0.5 + 0.5 * half.high + _OUTWARD,
            )  # fmt: skip
        case _:
            raise InternalFault(f"{op.value} has no linear relaxation")


def image(op: Op, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The range of an increasing activation on intervals."""
    match op:
        case Op.MAX:
            return np.maximum(low, 0.0), np.maximum(high, 0.0)
        case Op.TANH:
            return np.maximum(np.tanh(low) - _OUTWARD, -1.0), np.minimum(np.tanh(high) + _OUTWARD, 1.0)
        case Op.SIGMOID:
            ends = (0.5 + 0.5 * np.tanh(0.5 * low) - _OUTWARD, 0.5 + 0.5 * np.tanh(0.5 * high) + _OUTWARD)
            return np.maximum(ends[0], 0.0), np.minimum(ends[1], 1.0)
        case _:
            raise InternalFault(f"{op.value} is no activation")


def _relu(low: Floats, high: Floats) -> Lines:
    unstable = (low < 0.0) & (high > 0.0)
    width = np.where(unstable, high - low, 1.0)
    slope = np.where(unstable, np.clip(high / width, 0.0, 1.0), np.where(low >= 0.0, 1.0, 0.0))
    # Convexity: a line that is above at both ends is above in between.
    at_ends = np.maximum(-slope * low, high - slope * high)
    chord = above(at_ends + 2.0**-51 * (np.abs(low) + np.abs(high)))
    under = np.where(unstable, np.where(high > -low, 1.0, 0.0), slope)
    return Lines(under, np.zeros_like(low), slope, np.where(unstable, chord, 0.0))


def _tanh(low: Floats, high: Floats) -> Lines:
    at_low, at_high = np.tanh(low), np.tanh(high)
    middle = np.tanh(0.5 * (low + high))
    width = high - low
    chord = np.where(width > 1e-6, (at_high - at_low) / np.where(width > 1e-6, width, 1.0), 1.0 - middle * middle)
    tangent = 1.0 - middle * middle
    above_slope = _slope(np.where(low >= 0.0, tangent, chord))
    below_slope = _slope(np.where(high <= 0.0, tangent, chord))
    return Lines(
        below_slope, below(-_greatest(below_slope, -high, -low) - _OUTWARD),
        above_slope, above(_greatest(above_slope, low, high) + _OUTWARD),
    )  # fmt: skip


def _slope(slope: Floats) -> Floats:
    return np.where(slope < _FLATTEST, 0.0, np.minimum(slope, 1.0))


def _greatest(slope: Floats, low: Floats, high: Floats) -> Any:
    """The greatest ``tanh(x) - slope x`` on the intervals; by symmetry the least is that of the mirrored interval."""
    with np.errstate(divide="ignore"):
        top = np.where(slope > 0.0, np.arctanh(np.sqrt(1.0 - slope)), np.inf)
    top = np.clip(top, low, high)
    candidates = [np.tanh(x) - slope * x for x in (low, high, top)]
    return np.maximum(np.maximum(candidates[0], candidates[1]), candidates[2])
