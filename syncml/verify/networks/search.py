"""Branch and bound: is there an input in a box at which all rows of a problem hold?

Rule: a box is done if some row is above zero on all of it, by the linear bounds and the error of the arithmetic. What
is left is searched for an input that the program itself confirms, and then split: along the input that contributes
most to the bound, or, where a network of rectified units has many inputs, by the sign of the unit whose relaxation is
the widest. Splitting covers: the parts of a box are the box, and a unit's argument is at most or at least 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import dtype
from syncml.ir.operators import Op
from syncml.verify.networks.crown import Bounds, Clamps, bounds
from syncml.verify.networks.layers import Activation, Network
from syncml.verify.networks.problem import Problem, slack
from syncml.verify.networks.region import Region
from syncml.verify.networks.rounding import Floats, gamma, up

Confirm = Callable[[Floats], bool]
"""Runs the program on an input, of the network's machine type, and tells whether it is a violation."""

BATCH = 64
"""Boxes that are bounded at a time."""
FEW_INPUTS = 12
"""Networks with at most so many inputs are split by inputs."""


@dataclass(slots=True)
class _Part:
    """A box and the signs that a case distinction assumes of some units: layer and unit to the sign."""

    low: Floats
    high: Floats
    signs: dict[tuple[int, int], bool] = field(default_factory=dict[tuple[int, int], bool])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search found: a violating input, or the boxes that were done and those left undecided."""

    witness: Floats | None
    done: int
    left: tuple[tuple[Floats, Floats], ...]


def search(network: Network, problem: Problem, confirm: Confirm, deadline: float, seed: int) -> Outcome:
    """Search a problem until ``deadline``."""
    if not problem.possible:
        return Outcome(None, 1, ())
    rng = np.random.default_rng(seed)
    witness = _sampled(network, problem, confirm, rng)
    if witness is not None:
        return Outcome(witness, 0, ())
    if not problem.constants.size:
        return Outcome(None, 0, ((problem.low, problem.high),))
    rectified = all(x.op is Op.MAX for x in network.layers if isinstance(x, Activation))
    by_sign = rectified and network.inputs > FEW_INPUTS
    open_, stuck, done = [_Part(problem.low, problem.high)], list[_Part](), 0
    while open_ and time.monotonic() < deadline:
        batch, open_ = open_[-BATCH:], open_[:-BATCH]
        low, high = np.stack([p.low for p in batch]), np.stack([p.high for p in batch])
        found = bounds(network, Region.box(low, high), _clamps(network, batch))
        slopes, least = _rows(found, problem)
        # The row that is nearest to being above zero everywhere guides where to look and what to split.
        row = np.argmax(least, axis=1)
        each = np.arange(len(batch))
        is_open = ~(found.empty | (least[each, row] > 0.0))
        done += int((~is_open).sum())
        for i in np.flatnonzero(is_open):
            slope = slopes[i, row[i]]
            x: Floats = np.clip(0.5 * (low[i] + high[i]) - np.sign(slope) * (high[i] - low[i]), low[i], high[i])
            if _is_near(network, problem, x) and confirm(_machine(problem, x, network)):
                return Outcome(_machine(problem, x, network), done, ())
            parts = _by_sign(found, int(i), batch[i]) if by_sign else _halves(batch[i], np.abs(slope))
            if parts:
                open_ += parts
            else:
                stuck.append(batch[i])
    return Outcome(None, done, tuple((p.low, p.high) for p in (*open_, *stuck)))


def _rows(found: Bounds, problem: Problem) -> tuple[Floats, Floats]:
    """For each box and row the coefficients of a linear lower bound, and its least value as computed."""
    slopes, constants = found.below(problem.on_outputs)
    total = slopes + problem.on_inputs
    largest = np.maximum(np.abs(found.region.low), np.abs(found.region.high))
    low, high = found.ranges[-1]
    outputs = np.maximum(np.abs(low), np.abs(high)) + found.error
    lost = slack(problem, largest, outputs) + found.error @ np.abs(problem.on_outputs).T
    lost += gamma(4) * (np.abs(total) @ largest[:, :, None])[:, :, 0] + gamma(2) * np.abs(constants)
    return total, found.region.least(total, constants + problem.constants) - up(lost)


def _halves(part: _Part, slope: Floats) -> list[_Part]:
    """Two halves of a box, across the input that moves the bound most."""
    width = part.high - part.low
    axis = int(np.argmax((slope + 1e-9 * slope.max(initial=1.0)) * width))
    middle = 0.5 * (part.low[axis] + part.high[axis])
    if not part.low[axis] < middle < part.high[axis]:
        return []
    left, right = part.high.copy(), part.low.copy()
    left[axis], right[axis] = middle, middle
    return [_Part(part.low, left, part.signs), _Part(right, part.high, part.signs)]


def _by_sign(found: Bounds, box: int, part: _Part) -> list[_Part]:
    """The two signs of the unit whose upper line is highest above zero at zero."""
    best, unit = 0.0, None
    for i, line in found.relaxed.items():
        j = int(np.argmax(line.high[box]))
        if line.high[box, j] > best and (i, j) not in part.signs:
            best, unit = float(line.high[box, j]), (i, j)
    if unit is None:
        return []
    return [_Part(part.low, part.high, {**part.signs, unit: sign}) for sign in (False, True)]


def _clamps(network: Network, batch: list[_Part]) -> Clamps:
    layers = {i for p in batch for i, _ in p.signs}
    clamps: dict[int, tuple[Floats, Floats]] = {}
    for i in layers:
        shape = (len(batch), network.width(i))
        low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
        for b, part in enumerate(batch):
            for (k, j), positive in part.signs.items():
                if k == i:
                    (low if positive else high)[b, j] = 0.0
        clamps[i] = (low, high)
    return clamps


def _machine(problem: Problem, x: Floats, network: Network) -> Floats:
    """The input rounded to the network's type."""
    return np.clip(x, problem.low, problem.high).astype(dtype(network.scalar)).astype(np.float64)


def _margin(network: Network, problem: Problem, x: Floats) -> Floats:
    """How far the worst row is from holding, about; at most 0 where all hold."""
    if not problem.constants.size:
        return np.full(x.shape[:-1], -1.0)
    return (x @ problem.on_inputs.T + network(x) @ problem.on_outputs.T + problem.constants).max(axis=-1)


def _is_near(network: Network, problem: Problem, x: Floats) -> bool:
    return bool(_margin(network, problem, x) <= 1e-4)


def _sampled(network: Network, problem: Problem, confirm: Confirm, rng: np.random.Generator) -> Floats | None:
    """Random inputs, corners among them, that move toward where the worst row is least."""
    low, high = problem.low, problem.high
    points = rng.uniform(low, high, (1000, low.size))
    points[:200] = np.where(rng.random((200, low.size)) < 0.5, low, high)
    for scale in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003):
        margins = _margin(network, problem, points)
        best = points[np.argsort(margins, kind="stable")[:20]]
        for x in best[:3]:
            if _is_near(network, problem, x) and confirm(_machine(problem, x, network)):
                return _machine(problem, x, network)
        moves = rng.normal(scale=scale * (high - low), size=(49, 20, low.size))
        points = np.concatenate([best, np.clip(best + moves, low, high).reshape(-1, low.size)])
    return None
