"""A second, simpler bound of a network: intervals, their derivative, and halving, for checking what was claimed.

    y(x)  in  Y(X)                     each layer on intervals, outward
    y(x)  in  Y({c}) + J(X) (x - c)    the mean value theorem, J by the chain rule on intervals

Rule: a claim holds on a box if one of the two shows it on each part of the box, with the errors of the program's own
arithmetic. Nothing of `crown`, `relaxation` and `region` takes part. What is trusted: binary64 in NumPy, `tanh` in
NumPy up to `_LIBRARY`, and the certified error of the program's functions.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.elementary import CERTIFICATES
from syncml.ir.operators import Op
from syncml.ir.types import F32, Scalar
from syncml.verify.networks.layers import Activation, Affine, Network
from syncml.verify.networks.rounding import Floats

_LIBRARY = 2.0**-45
"""Far above the error of NumPy's tanh, whose results are at most 1."""

_SLACK = 2.0**-44
"""Of a sum of magnitudes, far above what fewer than 200 terms lose in binary64."""

_TERMS = 200
_BATCH = 512
_MOST = 200_000
"""Parts of a box after which a claim is given up."""

Interval: TypeAlias = tuple[Floats, Floats]


class Claim(Enum):
    """What became of a claim."""

    HOLDS = "holds"
    FALSE = "false"
    OPEN = "open"


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The inputs, and what is claimed of the outputs on them; vectors."""

    low: Floats
    high: Floats
    least: Floats
    most: Floats


def checked(network: Network, box: Box, deadline: float) -> Claim:
    """Whether the outputs of a network are in the claimed range for all inputs of a box."""
    if any(isinstance(x, Affine) and x.weight.shape[1] > _TERMS for x in network.layers):
        return Claim.OPEN
    lows, highs, seen = box.low[None], box.high[None], 1
    while lows.shape[0]:
        if seen > _MOST or time.monotonic() > deadline:
            return Claim.OPEN
        low, high, lows, highs = lows[-_BATCH:], highs[-_BATCH:], lows[:-_BATCH], highs[:-_BATCH]
        (least, most), slopes, at_center = _bounds(network, low, high)
        if not np.isfinite(least).all() or not np.isfinite(most).all():
            return Claim.OPEN
        if ((at_center[1] < box.least) | (at_center[0] > box.most)).any():
            return Claim.FALSE
        open_ = ~((least >= box.least) & (most <= box.most)).all(axis=1)
        low, high, slopes = low[open_], high[open_], slopes[open_]
        if (low == high).all(axis=1).any():
            return Claim.OPEN
        left, right = _halves(low, high, slopes)
        lows = np.concatenate([lows, low, right[0]])
        highs = np.concatenate([highs, left[1], high])
        seen += 2 * low.shape[0]
    return Claim.HOLDS


def _halves(low: Floats, high: Floats, slopes: Floats) -> tuple[Interval, Interval]:
    """Both halves of each box, across the input that the outputs depend on most."""
    axis = np.argmax((high - low) * (slopes + 1e-9 * slopes.max(initial=1.0)), axis=1)
    each = np.arange(low.shape[0], dtype=np.intp)
    middle = 0.5 * low[each, axis] + 0.5 * high[each, axis]
    above, below = high.copy(), low.copy()
    above[each, axis], below[each, axis] = middle, middle
    return (low, above), (below, high)


def _bounds(network: Network, low: Floats, high: Floats) -> tuple[Interval, Floats, Interval]:
    """The outputs as computed on boxes, how much they depend on each input, and what they are at the centres."""
    center = 0.5 * low + 0.5 * high
    values, jacobian, magnitudes = _intervals(network, low, high)
    middle, _, _ = _intervals(network, center, center)
    error = _rounding(network, magnitudes)
    size = np.maximum(np.abs(jacobian[0]), np.abs(jacobian[1]))
    half = np.maximum(high - center, center - low) * (1.0 + _SLACK)
    reach = (size @ half[:, :, None])[:, :, 0] * (1.0 + _SLACK)
    least = np.maximum(values[0], middle[0] - reach) - error
    most = np.minimum(values[1], middle[1] + reach) + error
    room = _SLACK * (np.abs(least) + np.abs(most))
    return (least - room, most + room), size.sum(axis=1), (middle[0] - error - room, middle[1] + error + room)


def _intervals(network: Network, low: Floats, high: Floats) -> tuple[Interval, Interval, list[Floats]]:
    """The outputs in real arithmetic, their derivatives, and the largest magnitudes of each layer's arguments."""
    boxes, inputs = low.shape
    identity = np.broadcast_to(np.eye(inputs), (boxes, inputs, inputs))
    x, jacobian, magnitudes = (low, high), (identity, identity), list[Floats]()
    for layer in network.layers:
        magnitudes.append(np.maximum(np.abs(x[0]), np.abs(x[1])))
        match layer:
            case Affine():
                x = _affine(layer.weight, layer.bias, x)
                jacobian = _chained(layer.weight, jacobian)
            case Activation():
                slope = _slope(layer.op, x)
                x = _image(layer.op, x)
                products = [s[:, :, None] * j for s in slope for j in jacobian]
                jacobian = np.min(products, axis=0), np.max(products, axis=0)
                jacobian = _widened(jacobian, np.maximum(np.abs(jacobian[0]), np.abs(jacobian[1])))
    return x, jacobian, magnitudes


def _affine(weight: Floats, bias: Floats, x: Interval) -> Interval:
    positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
    least = x[0] @ positive.T + x[1] @ negative.T + bias
    most = x[1] @ positive.T + x[0] @ negative.T + bias
    size = np.maximum(np.abs(x[0]), np.abs(x[1])) @ np.abs(weight).T + np.abs(bias)
    return _widened((least, most), size)


def _chained(weight: Floats, jacobian: Interval) -> Interval:
    positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
    least = positive @ jacobian[0] + negative @ jacobian[1]
    most = positive @ jacobian[1] + negative @ jacobian[0]
    return _widened((least, most), np.abs(weight) @ np.maximum(np.abs(jacobian[0]), np.abs(jacobian[1])))


def _widened(x: Interval, size: Floats) -> Interval:
    return x[0] - _SLACK * size - 2.0**-1000, x[1] + _SLACK * size + 2.0**-1000


def _image(op: Op, x: Interval) -> Interval:
    match op:
        case Op.TANH:
            return np.tanh(x[0]) - _LIBRARY, np.tanh(x[1]) + _LIBRARY
        case Op.SIGMOID:
            return 0.5 + 0.5 * np.tanh(0.5 * x[0]) - _LIBRARY, 0.5 + 0.5 * np.tanh(0.5 * x[1]) + _LIBRARY
        case _:
            return np.maximum(x[0], 0.0), np.maximum(x[1], 0.0)


def _slope(op: Op, x: Interval) -> Interval:
    """The derivative: it is largest nearest to zero, and of a ReLU 0 or 1."""
    if op is Op.MAX:
        return (x[0] > 0.0).astype(np.float64), (x[1] > 0.0).astype(np.float64)
    scale = 1.0 if op is Op.TANH else 0.5
    near = np.where((x[0] <= 0.0) & (x[1] >= 0.0), 0.0, np.minimum(np.abs(x[0]), np.abs(x[1])))
    far = np.maximum(np.abs(x[0]), np.abs(x[1]))
    factor = 1.0 if op is Op.TANH else 0.25
    least, most = (factor * (1.0 - np.tanh(scale * v) ** 2) for v in (far, near))
    return np.maximum(least - 4 * _LIBRARY, 0.0), most + 4 * _LIBRARY


def _rounding(network: Network, magnitudes: list[Floats]) -> Floats:
    """How far the program's own results can be from real arithmetic: every operation rounds once."""
    unit, tiny = (2.0**-24, 2.0**-149) if network.scalar is F32 else (2.0**-53, 2.0**-1074)
    largest = float(np.finfo(np.float32 if network.scalar is F32 else np.float64).max)
    error: Floats = np.zeros((magnitudes[0].shape[0], network.inputs))
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, size in zip(network.layers, magnitudes, strict=True):
            match layer:
                case Affine(weight, bias):
                    sums = (size + error) @ np.abs(weight).T + np.abs(bias)
                    # A term is rounded as a product and in each sum after it, once with each of the others at most.
                    times = 1.01 * (weight.shape[1] + 2) * unit
                    error = 1.01 * (error @ np.abs(weight).T + times * sums) + (weight.shape[1] + 2) * tiny
                    error = np.where(sums + error < 0.5 * largest, error, np.inf)
                case Activation(Op.MAX):
                    pass
                case Activation(op):
                    error = error + _function(op, network.scalar, unit, tiny)
    return error


def _function(op: Op, scalar: Scalar, unit: float, tiny: float) -> float:
    """The certified error of a function whose results are at most 1, and slope at most 1."""
    return CERTIFICATES[op, scalar].error_ulp * (2.0 * unit + tiny)
