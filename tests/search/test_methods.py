"""Methods against probabilities that are known, and failures that are planted."""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, inf, sqrt

import numpy as np
import pytest

from syncml.search.methods import Estimate, Floats, Robustness, Runs, at_random, cross_entropy
from syncml.search.rare import importance_sampling, subset_simulation
from syncml.search.shrink import shrunk

ndtri = pytest.importorskip("scipy.special").ndtri


def linear(beta: float, dimensions: int) -> Robustness:
    """Fails with the probability Phi(-beta)."""
    return lambda points: beta - ndtri(points).sum(axis=1) / sqrt(dimensions)


def both_sides(points: Floats) -> Floats:
    """Fails with the probability 2 Phi(-3), on two sides."""
    return 3.0 - np.abs(ndtri(points)[:, 0])


def tail(beta: float) -> float:
    return erfc(beta / sqrt(2.0)) / 2.0


@pytest.mark.parametrize("dimensions", [2, 6])
@pytest.mark.parametrize("beta", [3.0, 4.0])
@pytest.mark.parametrize(
    ("method", "runs", "spread"), [(subset_simulation, 20_000, 0.7), (importance_sampling, 4_000, 0.1)]
)
def test_the_interval_has_the_probability_of_a_linear_limit(
    method: Callable[[Runs, int, int], Estimate | None], runs: int, spread: float, beta: float, dimensions: int
) -> None:
    held = 0
    for seed in range(20):
        made = Runs(linear(beta, dimensions), runs, 1)
        found = method(made, dimensions, seed)
        assert found is not None
        assert made.made <= runs
        assert 0.0 < found.variation < spread
        held += found.low <= tail(beta) <= found.high
    # Of 20 intervals with a confidence of 95 % fewer than 16 hold in 3 of a thousand cases.
    assert held >= 16


@pytest.mark.parametrize("method", [subset_simulation, importance_sampling])
def test_two_ways_to_fail_are_both_counted(method: Callable[[Runs, int, int], Estimate | None]) -> None:
    found = [method(Runs(both_sides, 20_000, 1), 3, seed) for seed in range(5)]
    assert sum(each is not None and each.low <= 2 * tail(3.0) <= each.high for each in found) >= 4


def test_the_interval_of_random_runs_has_the_probability() -> None:
    found = [at_random(Runs(linear(2.0, 3), 20_000, 1), 3, seed) for seed in range(20)]
    assert sum(each.low <= tail(2.0) <= each.high for each in found) >= 16
    none = at_random(Runs(linear(9.0, 3), 1_000, 1), 3, 0)
    assert (none.probability, none.low, none.variation) == (0.0, 0.0, inf)
    assert 0.003 < none.high < 0.004


def planted(points: Floats) -> Floats:
    """Fails in a ball with a ten millionth of the cube."""
    return np.sqrt(((points - np.array([0.9, 0.2, 0.7, 0.1, 0.6])) ** 2).sum(axis=1)) - 0.03


def test_cross_entropy_finds_what_as_many_random_runs_do_not() -> None:
    for seed in range(5):
        led, blind = Runs(planted, 5_000, 3), Runs(planted, 5_000, 3)
        cross_entropy(led, 5, seed)
        at_random(blind, 5, seed)
        assert led.failed
        assert led.made <= 5_000
        assert not blind.failed
        assert blind.made == 5_000
        assert led.worst[0][0] < 0.0 < blind.worst[0][0]


@pytest.mark.parametrize("flat", [1.0, inf])
def test_where_robustness_tells_nothing_no_probability_is_told(flat: float) -> None:
    def robustness(points: Floats) -> Floats:
        return np.full(len(points), flat)

    for method in (subset_simulation, importance_sampling):
        runs = Runs(robustness, 1_000, 3)
        assert method(runs, 2, 0) is None
        assert runs.made <= 1_000
    cross_entropy(runs := Runs(robustness, 1_000, 3), 2, 0)
    assert (runs.made, runs.failed) == (1_000, 0)
    assert len(runs.worst) == (0 if flat == inf else 3)


def test_a_run_shrinks_to_the_corner_nearest_to_the_middle() -> None:
    def robustness(points: Floats) -> Floats:
        return np.where((points[:, 0] >= 0.8) & (points[:, 1] <= 0.3), -1.0, 1.0)

    found = shrunk(robustness, np.array([0.97, 0.01, 0.4]))
    assert robustness(found[None])[0] < 0.0
    assert found == pytest.approx([0.8, 0.3, 0.5], abs=1e-6)
