"""A minimal failing run: every parameter as near to its middle as it may be for the run to fail.

Rule: all parameters together move on the straight line to their middles (the median of a distribution, the middle one
of listed values), then one after another, until none moves any more. The part of the way that is left is found by
sections, each of which takes the least failing place of `SECTIONS`; where failing places are no interval it is one of
their ends. Then each number is written with as few digits as the run still fails with, but no fewer than `FEWEST`;
one in its middle stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from syncml.scenario.parameters import Setting, Variation, column_of
from syncml.search.methods import Floats, Robustness
from syncml.search.subject import Columns, settings_of

SECTIONS = 16
ROUNDS = 5
"""Rounds of sections: the place is found to 16^-5, a millionth of the way."""
FEWEST = 3
"""The fewest significant digits."""
PASSES = 4
"""The most passes over all parameters."""


def shrunk(robustness: Robustness, point: Floats) -> Floats:
    """A point of the unit cube that fails, and is nowhere farther from the middle than ``point``, which fails."""
    every = np.ones(len(point), dtype=np.bool_)
    found = _nearest(robustness, point, every)
    for _ in range(PASSES):
        before = found
        for dimension in range(len(point)):
            found = _nearest(robustness, found, np.arange(len(point)) == dimension)
        if np.allclose(found, before, rtol=0.0, atol=1e-6):
            break
    return found


def _nearest(robustness: Robustness, point: Floats, moves: NDArray[np.bool_]) -> Floats:
    """The point at which some parameters are nearest to their middles, and the run fails."""
    low, high = 0.0, 1.0
    way = np.where(moves, point - 0.5, 0.0)
    if not way.any():
        return point
    for _ in range(ROUNDS):
        parts = np.linspace(low, high, SECTIONS + 1)[:-1]
        tried = np.where(moves, 0.5 + parts[:, None] * way, point)
        failing = np.flatnonzero(robustness(tried) < 0.0)
        if not failing.size:
            low = float(parts[-1])
            continue
        high = float(parts[failing[0]])
        if failing[0] == 0:
            break
        low = float(parts[failing[0] - 1])
    # A place was tried to the last bit; the point itself was given.
    return point if high == 1.0 else np.where(moves, 0.5 + high * way, point)


def rounded(
    robust: Callable[[Columns], Floats], runs: Variation, settings: Mapping[str, Setting]
) -> dict[str, Setting]:
    """The same run with numbers of fewer digits, as long as it fails; numbers of listed values stay."""
    found = dict(settings)
    middle = settings_of(runs.at(np.full((1, runs.dimensions), 0.5)), 0)
    for name, (low, high) in runs.limits().items():
        value = found[name]
        assert not isinstance(value, str)
        if value == middle[name]:
            continue
        tried = dict.fromkeys(float(f"{value:.{digits}g}") for digits in range(FEWEST, 18))
        inside = [each for each in tried if low <= each <= high]
        columns = {key: column_of(inside if key == name else [given] * len(inside)) for key, given in found.items()}
        failing = np.flatnonzero(robust(columns) < 0.0) if inside else np.array([])
        if failing.size:
            found[name] = inside[int(failing[0])]
    return found
