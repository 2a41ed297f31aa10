"""How far streams of integers are from the streams of floats that they stand for.

Rule: errors are magnitudes of differences in ``f64`` over all samples; the ratio of signal to noise is that of the sums
of squares, in decibels. Samples that are masked (`MASKED`) do not count. Sums are made block by block, so that what is
recorded is not held in memory in a wider type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Node, Var
from syncml.nodes.quantised import Affine
from syncml.quantise.calibration import MASKED, Recording, Seen, dequantised
from syncml.quantise.rewriting import Layer

_BLOCK = 1 << 15
"""The samples that are computed at a time, which fit a cache."""


@dataclass(frozen=True, slots=True)
class Error:
    """How far integers are from floats: the largest and the mean magnitude, and the ratio of the powers in decibels."""

    largest: float
    mean: float
    snr: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A stream in both programs; ``layer`` is None for an output of the program."""

    name: str
    layer: Layer | None
    calibration: Error
    held_out: Error


def compared_layer(network: Node, layer: Layer, floats: Seen, integers: Seen, recording: Recording) -> Compared:
    """A stream of a network, in both programs."""
    stand_in = replace(layer.source, name=layer.stream)
    errors = [
        error_of(floats.values(network, layer.source, part), integers.values(network, stand_in, part), layer.affine)
        for part in _parts(recording)
    ]
    return Compared(layer.source.name, layer, *errors)


def compared_output(
    before: Var, after: Var, floats: Seen, integers: Seen, affine: Affine | None, recording: Recording
) -> Compared:
    """An output of the program, in both; ``affine`` is what its integers stand for, None if it is still a float."""
    expected, found = floats.trace.column(before.name), integers.trace.column(after.name)
    errors = [error_of(expected.values[t][expected.present[t]], found.values[t][found.present[t]], affine)
              for t in _parts(recording)]  # fmt: skip
    return Compared(before.name, None, *errors)


def error_of(expected: NDArray[Any], found: NDArray[Any], affine: Affine | None) -> Error:
    """How far ``found``, integers of ``affine`` or real numbers, is from ``expected``."""
    left, right = expected.reshape(-1), found.reshape(-1)
    count, largest, total, noise, power = 0, 0.0, 0.0, 0.0, 0.0
    for start in range(0, left.size, _BLOCK):
        exact, numbers = (side[start : start + _BLOCK] for side in (left, right))
        counts = exact > MASKED
        if not counts.all():
            exact, numbers = exact[counts], numbers[counts]
        exact = exact.astype(np.float64)
        made = numbers.astype(np.float64) if affine is None else dequantised(numbers, affine)
        difference = np.abs(made - exact)
        count += exact.size
        largest = max(largest, float(difference.max(initial=0.0)))
        total += float(difference.sum())
        noise += float(np.square(difference).sum())
        power += float(np.square(exact).sum())
    snr = None if noise == 0 or power == 0 else round(10 * float(np.log10(power / noise)), 2)
    return Error(largest, total / max(1, count), snr)


def _parts(recording: Recording) -> tuple[slice, slice]:
    return slice(0, recording.calibrated), slice(recording.calibrated, recording.ticks)
