"""How probable a rare failure is: subset simulation, and importance sampling that adapts.

Rule: both go towards failures over levels of robustness, each of which a tenth of the runs at the one before reach.
Subset simulation draws the runs of a level by Markov chains, one in each lane; the probability of a failure is the
product of the parts that reach each level (Au and Beck, "Estimation of small failure probabilities in high dimensions
by subset simulation", 2001). Importance sampling moves a normal distribution to the failures by the cross-entropy
method, and weighs each of its runs by how much rarer it is among the true ones; a tenth of them are true ones, and the
distribution is nowhere narrower than the true one, so that no weight is above 10.
"""

from __future__ import annotations

from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from syncml.search.methods import QUANTILE, Estimate, Floats, Runs, cube, generator

PART = 0.1
"""The part of the runs that reach the next level, and the part of true ones among weighted ones."""
STEPS = 10
"""The states of each chain."""
WIDTH = 1.0
"""How far a proposal is from a state at most, in standard deviations of a parameter."""
FLAT = 0.5
"""If more than this part of the runs reach a level, the robustness does not tell them apart."""


def subset_simulation(runs: Runs, dimensions: int, seed: int) -> Estimate | None:
    """The probability of a failure by subset simulation; None if the runs did not suffice, or robustness is flat."""
    drawn = generator(seed)
    chains = max(10, runs.most // 100)
    points = drawn.standard_normal((chains * STEPS, dimensions))
    found = runs(cube(points))
    probability, variation, level = 1.0, 0.0, inf
    while True:
        lower = float(np.sort(found)[chains - 1])
        reached = found < 0.0 if lower < 0.0 else found <= lower
        part = float(reached.mean())
        # The first runs are independent, those after them are in chains, a column each.
        # The levels depend on one another, so the coefficients of variation are added: what they come to at most.
        variation += _variation(reached.reshape(STEPS, chains), part, independent=level == inf)
        probability *= part
        if lower < 0.0:
            return _interval(probability, variation)
        if part > FLAT or runs.left < chains * (STEPS - 1):
            return None
        level = lower
        seeds = drawn.permutation(np.flatnonzero(reached))[:chains]
        points, found = _chains(runs, drawn, points[seeds], found[seeds], level)


def _chains(
    runs: Runs, drawn: np.random.Generator, points: Floats, found: Floats, level: float
) -> tuple[Floats, Floats]:
    """The states of chains that stay at a level: the modified Metropolis algorithm, a parameter at a time."""
    states, values = [points], [found]
    for _ in range(STEPS - 1):
        proposed = points + drawn.uniform(-WIDTH, WIDTH, points.shape)
        ratio = np.exp(np.minimum((points**2 - proposed**2) / 2.0, 0.0))
        proposed = np.where(drawn.random(points.shape) < ratio, proposed, points)
        robustness = runs(cube(proposed))
        stays = robustness <= level
        points = np.where(stays[:, None], proposed, points)
        found = np.where(stays, robustness, found)
        states.append(points)
        values.append(found)
    return np.concatenate(states), np.concatenate(values)


def _variation(reached: NDArray[np.bool_], part: float, *, independent: bool) -> float:
    """The coefficient of variation of a part, from the correlation along chains (equations 22 to 28)."""
    steps, chains = reached.shape
    spread = part * (1.0 - part)
    correlated = 0.0
    if spread > 0.0 and not independent:
        is_in = reached.astype(np.float64)
        for lag in range(1, steps):
            together = float((is_in[:-lag] * is_in[lag:]).mean())
            correlated += 2.0 * (1.0 - lag / steps) * (together - part * part) / spread
    return sqrt((1.0 - part) / (part * steps * chains) * max(1.0, 1.0 + correlated))


def importance_sampling(runs: Runs, dimensions: int, seed: int) -> Estimate | None:
    """The probability of a failure by weighted runs; None if no failure was found."""
    drawn = generator(seed)
    mean, covariance = np.zeros(dimensions), np.eye(dimensions)
    size = max(runs.most // 20, 50)
    while runs.left > runs.most // 2:
        points = _mixture(drawn, mean, covariance, size)
        found = runs(cube(points))
        level = max(float(np.sort(found)[round(PART * size)]), 0.0)
        if level == inf:
            continue
        weights = _weights(points, mean, covariance) * (found <= level)
        mean = weights @ points / weights.sum()
        apart = points - mean
        lengths, axes = np.linalg.eigh((weights[:, None] * apart).T @ apart / weights.sum())
        covariance = axes * np.maximum(lengths, 1.0) @ axes.T
        if level == 0.0:
            break
    points = _mixture(drawn, mean, covariance, runs.left)
    counted = _weights(points, mean, covariance) * (runs(cube(points)) < 0.0)
    probability = float(counted.mean())
    if probability == 0.0:
        return None
    return _interval(probability, float(counted.std(ddof=1)) / sqrt(len(counted)) / probability)


def _mixture(drawn: np.random.Generator, mean: Floats, covariance: Floats, count: int) -> Floats:
    points = drawn.standard_normal((count, len(mean)))
    moved = mean + points @ np.linalg.cholesky(covariance).T
    return np.where(drawn.random(count)[:, None] < PART, points, moved)


def _weights(points: Floats, mean: Floats, covariance: Floats) -> Floats:
    """How much likelier points are by the true distribution than by the mixture."""
    apart = np.linalg.solve(np.linalg.cholesky(covariance), (points - mean).T)
    sizes = np.log(np.diag(np.linalg.cholesky(covariance))).sum()
    ratio = np.exp(((points**2).sum(axis=1) - (apart**2).sum(axis=0)) / 2.0 - sizes)
    return 1.0 / (PART + (1.0 - PART) * ratio)


def _interval(probability: float, variation: float) -> Estimate:
    """The estimate with an interval as if its logarithm were normal, so that it stays above zero."""
    factor = exp(QUANTILE * sqrt(log(1.0 + variation**2)))
    return Estimate(probability, probability / factor, min(1.0, probability * factor), variation)
