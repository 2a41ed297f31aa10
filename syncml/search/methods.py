"""How a search chooses its runs: at random, or where the runs before say that a failure is near.

Rule: a method is a function of its seed and of the robustness of runs, so its choice depends on nothing else: neither
on the number of threads nor on what is in memory together. Runs are points of the unit cube. Methods that
adapt work in the normal space, where a point z stands for the quantiles of the parameters at Phi(z).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.extras import optional

Floats = NDArray[np.float64]
Robustness = Callable[[Floats], Floats]
"""The robustness of runs from their points in the unit cube."""

BATCH = 16_384
"""The most runs that are asked for at once."""
ELITE = 0.1
"""The part of a generation that the next one is like."""
SMOOTHING = 0.7
"""How much of the next distribution the best runs decide; the rest is that of the one before."""
PATIENCE = 10
"""The generations without a worse run after which the cross-entropy method begins anew."""
TREMBLE = 1e-6
"""What is added to each variance, so that a distribution has no width of zero."""
QUANTILE = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The probability that a run fails, if its parameters are drawn from their distributions.

    Attributes:
        probability: The estimate.
        low: The interval that holds the probability with a confidence of 95 % begins here, and ends at ``high``.
        variation: The standard deviation of the estimate divided by it; infinite if nothing failed.
    """

    probability: float
    low: float
    high: float
    variation: float


class Runs:
    """The runs of a search: how many, how many failed, and which were worst, with their points and numbers."""

    def __init__(self, robustness: Robustness, most: int, kept: int) -> None:
        self.most = most
        self.made = 0
        self.failed = 0
        self.worst: list[tuple[float, Floats, int]] = []
        self._robustness = robustness
        self._kept = kept

    @property
    def left(self) -> int:
        """How many may still be made."""
        return self.most - self.made

    def __call__(self, points: Floats) -> Floats:
        """The robustness of runs at points of the unit cube."""
        found = [self._batch(points[i : i + BATCH]) for i in range(0, len(points), BATCH)]
        return np.concatenate(found)

    def _batch(self, points: Floats) -> Floats:
        found = self._robustness(points)
        first = self.made
        self.made += len(found)
        self.failed += int(np.count_nonzero(found < 0.0))
        order = np.argsort(found, kind="stable")[: self._kept]
        # Sorting is stable, so of runs that are as bad the first one comes first.
        worst = [*self.worst, *((float(found[i]), points[i], first + i) for i in order.tolist() if found[i] < inf)]
        self.worst = sorted(worst, key=lambda each: each[0])[: self._kept]
        return found


def generator(seed: int) -> np.random.Generator:
    """The random numbers of a search."""
    return np.random.Generator(np.random.Philox(seed))


def cube(normal: Floats) -> Floats:
    """Points of the normal space as points of the unit cube.

    Raises:
        DiagnosticError: D006, it needs SciPy.
    """
    return optional("scipy.special", "a search that adapts", "scenarios").ndtr(normal)


def at_random(runs: Runs, dimensions: int, seed: int) -> Estimate:
    """As many runs as there may be, each drawn from the distributions; Wilson's interval."""
    drawn = generator(seed)
    while runs.left > 0:
        runs(drawn.random((min(BATCH, runs.left), dimensions)))
    n, p, z = runs.made, runs.failed / runs.made, QUANTILE
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    variation = sqrt((1 - p) / (n * p)) if p else inf
    return Estimate(p, max(0.0, middle - half) if p else 0.0, middle + half, variation)


def cross_entropy(runs: Runs, dimensions: int, seed: int) -> None:
    """Generations of a normal distribution that follows the worst runs, until one fails.

    Rubinstein and Kroese, "The Cross-Entropy Method", 2004. Mean and covariance move towards those of the worst tenth;
    where `PATIENCE` generations bring no worse run, it begins anew at a random place.
    """
    drawn = generator(seed)
    size = max(10, min(30 * (dimensions + 1), runs.most // 10))
    mean, covariance, worst, idle = np.zeros(dimensions), np.eye(dimensions), inf, 0
    while runs.left > 0 and not runs.failed:
        if idle == PATIENCE:
            mean, covariance, worst, idle = drawn.standard_normal(dimensions), np.eye(dimensions), inf, 0
        noise = drawn.standard_normal((min(size, runs.left), dimensions))
        points = mean + noise @ np.linalg.cholesky(covariance).T
        found = runs(cube(points))
        idle = 0 if found.min() < worst else idle + 1
        worst = min(worst, float(found.min()))
        order = np.argsort(found, kind="stable")[: max(2, round(ELITE * len(found)))]
        elite = points[order[found[order] < inf]]
        if len(elite):
            # About the mean before, so that it widens in the direction in which it moves.
            apart = elite - mean
            mean = SMOOTHING * elite.mean(axis=0) + (1 - SMOOTHING) * mean
            covariance = SMOOTHING * apart.T @ apart / len(elite) + (1 - SMOOTHING) * covariance
            covariance += TREMBLE * np.eye(dimensions)
