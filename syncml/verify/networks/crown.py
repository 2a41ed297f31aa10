"""Linear bounds of a network over sets of inputs, by backward substitution of linear relaxations.

    row . y  >=  A x + b - slack      for every x of the region, in real arithmetic

Rule (CROWN, DeepPoly): a linear function of a layer's results becomes one of its arguments: through an affine layer by
a product, through an activation by the line below it where the coefficient is positive and the line above where it is
negative. The intervals on which the lines hold come from the same bounds of the layers before. What the computation in
binary64 rounds away is at most ``slack``: each product with a weight is off by ``gamma`` times magnitudes that the
intervals bound. `Bounds.error` carries the result to the network as it is computed in its own type.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.operators import Op
from syncml.verify.networks.layers import Activation, Affine, Network, error_of
from syncml.verify.networks.region import Region
from syncml.verify.networks.relaxation import Lines, image, lines
from syncml.verify.networks.rounding import Floats, above, below, gamma, up

Interval = tuple[Floats, Floats]
Clamps = Mapping[int, Interval]
"""Bounds of the arguments of layers that a case distinction assumes, by the number of the layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What is known of a network over a region.

    Attributes:
        ranges: For each layer the interval of each of its arguments, (boxes, arguments).
        relaxed: For each activation its lines.
        error: How far the outputs as computed can be from those in real arithmetic, (boxes, outputs).
        empty: Boxes in which the clamps contradict each other: no input meets them.
    """

    network: Network
    region: Region
    ranges: tuple[Interval, ...]
    relaxed: Mapping[int, Lines]
    error: Floats
    empty: NDArrayBool

    def below(self, rows: Floats) -> tuple[Floats, Floats]:
        """``A`` and ``b`` with ``row . y >= A x + b``; rows are (rows, outputs) or (boxes, rows, outputs)."""
        slopes, constants, slack = _substitute(self.network, len(self.network.layers), rows, self.ranges, self.relaxed)
        return slopes, below(constants - slack)

    def least(self, rows: Floats) -> Floats:
        """Lower bounds of ``row . y`` in real arithmetic, (boxes, rows)."""
        return self.region.least(*self.below(rows))

    def outputs(self) -> Interval:
        """The range of each output as computed, the errors of its arithmetic included."""
        least = self.least(_both_ways(self.network.outputs))
        half = self.network.outputs
        return below(least[:, :half] - self.error), above(self.error - least[:, half:])

    def linear(self) -> tuple[Floats, Floats, Floats]:
        """The outputs as a function of the inputs: ``y = A x + b`` up to ``radius``, as computed.

        (boxes, outputs, inputs), (boxes, outputs) and (boxes, outputs).
        """
        half = self.network.outputs
        slopes, constants = self.below(_both_ways(half))
        lower, upper = slopes[:, :half], -slopes[:, half:]
        middle = 0.5 * lower + 0.5 * upper
        # The differences are computed with an error that counts as a coefficient of its own sign.
        size = up(2.0**-52 * (np.abs(lower) + np.abs(upper)))
        largest = np.abs(self.region.center) + self.region.spread
        lost = up((size @ largest[:, :, None])[:, :, 0])
        low = self.region.least(lower - middle, constants[:, :half]) - lost
        high = -self.region.least(middle - upper, constants[:, half:]) + lost
        center = 0.5 * low + 0.5 * high
        radius = up(np.maximum(high - center, center - low) + self.error)
        return middle, center, radius


NDArrayBool = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def bounds(network: Network, region: Region, clamps: Clamps | None = None) -> Bounds:
    """Bounds of all layers, from the first to the last."""
    ranges: list[Interval] = [(region.low, region.high)]
    relaxed: dict[int, Lines] = {}
    empty = np.zeros(region.center.shape[0], dtype=np.bool_)
    for i, layer in enumerate(network.layers):
        low, high = ranges[i]
        match layer:
            case Affine():
                found = _affine(layer, low, high)
                follower = network.layers[i + 1] if i + 1 < len(network.layers) else None
                if i and isinstance(follower, Activation):
                    found = _refined(network, i + 1, follower.op, found, ranges, relaxed, region)
            case Activation():
                if clamps is not None and i in clamps:
                    low, high = _meet((low, high), clamps[i])
                    empty |= (low > high).any(axis=1)
                    low, high = np.minimum(low, high), np.maximum(low, high)
                    ranges[i] = (low, high)
                relaxed[i] = lines(layer.op, low, high)
                found = image(layer.op, low, high)
        ranges.append(found)
    magnitudes = [np.maximum(np.abs(low), np.abs(high)) for low, high in ranges]
    return Bounds(network, region, tuple(ranges), relaxed, error_of(network, magnitudes[:-1]), empty)


def _meet(first: Interval, second: Interval) -> Interval:
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _affine(layer: Affine, low: Floats, high: Floats) -> Interval:
    """Interval arithmetic."""
    middle, half = 0.5 * low + 0.5 * high, up(0.5 * high - 0.5 * low + 2.0**-50 * np.maximum(np.abs(low), np.abs(high)))
    size = np.abs(layer.weight)
    lost = gamma(layer.weight.shape[1] + 2) * up(np.abs(middle) @ size.T + np.abs(layer.bias))
    spread = up(half @ size.T + lost)
    center = middle @ layer.weight.T + layer.bias
    return below(center - spread), above(center + spread)


def _refined(
    network: Network, upto: int, follower: Op, known: Interval, ranges: list[Interval],
    relaxed: Mapping[int, Lines], region: Region,
) -> Interval:  # fmt: skip
    """The range of the results of the first ``upto`` layers by substitution, where intervals do not say enough."""
    low, high = known
    # A rectified unit that intervals show to be on or off needs no better bounds.
    unknown = (low < 0.0) & (high > 0.0) | (follower is not Op.MAX)
    wanted: NDArray[np.intp] = np.flatnonzero(unknown.any(axis=0))
    if not wanted.size:
        return known
    rows = np.eye(low.shape[1])[wanted]
    slopes, constants, slack = _substitute(network, upto, np.concatenate([rows, -rows]), ranges, relaxed)
    least = region.least(slopes, below(constants - slack))
    low, high = low.copy(), high.copy()
    low[:, wanted] = np.maximum(low[:, wanted], least[:, : wanted.size])
    high[:, wanted] = np.minimum(high[:, wanted], -least[:, wanted.size :])
    return low, high


def _both_ways(count: int) -> Floats:
    return np.concatenate([np.eye(count), -np.eye(count)])


def _substitute(
    network: Network, upto: int, rows: Floats, ranges: list[Interval] | tuple[Interval, ...],
    relaxed: Mapping[int, Lines],
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """``A``, ``b`` and ``slack`` for rows of coefficients of the results of the first ``upto`` layers."""
    boxes = ranges[0][0].shape[0]
    slopes: Floats = rows if rows.ndim == 3 else rows[None]
    constants: Floats = np.zeros((1, slopes.shape[1]))
    slack: Floats = np.zeros((1, slopes.shape[1]))
    for i in range(upto - 1, -1, -1):
        layer = network.layers[i]
        largest = np.maximum(np.abs(ranges[i][0]), np.abs(ranges[i][1]))
        sizes = np.abs(slopes)
        match layer:
            case Affine(weight, bias):
                through = up(largest @ np.abs(weight).T + np.abs(bias))
                lost = _rows(sizes, through) * gamma(weight.shape[0] + weight.shape[1] + 4)
                constants = constants + slopes @ bias
                slopes = slopes @ weight
            case Activation():
                line = relaxed[i]
                positive, negative = np.maximum(slopes, 0.0), np.minimum(slopes, 0.0)
                through = up(largest + np.abs(line.low) + np.abs(line.high))
                lost = _rows(sizes, through) * gamma(slopes.shape[2] + 4)
                constants = constants + _rows(positive, line.low) + _rows(negative, line.high)
                slopes = positive * line.low_slope[:, None] + negative * line.high_slope[:, None]
        slack = up(slack + lost + 2.0**-50 * np.abs(constants))
    shape = (boxes, slopes.shape[1])
    return (
        np.broadcast_to(slopes, (*shape, slopes.shape[2])), np.broadcast_to(constants, shape),
        np.broadcast_to(slack, shape),
    )  # fmt: skip


def _rows(rows: Floats, vectors: Floats) -> Floats:
    """``rows @ vector`` for each box, where there may be one set of rows for all boxes."""
    return vectors @ rows[0].T if rows.shape[0] == 1 else (rows @ vectors[:, :, None])[:, :, 0]
