"""Distributions against their formulas, and samples against what they are samples of."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
from numpy.typing import NDArray

from syncml import Mat, Stream, Vec, f64, i32, node, u64
from syncml.learn.rl.batches import shuffled, taken
from syncml.learn.rl.distributions import Categorical, Gaussian, Squashed, normal
from syncml.nodes.random import random_bits
from tests.nodes.running import run

Array = NDArray[Any]
RNG = np.random.default_rng(1)
Rows = Stream[Vec[L[5], f64]]
Pairs = Stream[Mat[L[5], L[2], f64]]


@node
def categories(
    scores: Stream[Mat[L[5], L[3], f64]], action: Stream[Vec[L[5], i32]], bits: Stream[Vec[L[5], u64]]
) -> tuple[Rows, Rows, Stream[Vec[L[5], i32]], Stream[Vec[L[5], i32]]]:
    policy = Categorical(scores)
    return policy.log_probability(action), policy.entropy(), policy.sample(bits), policy.mode()


@node
def normals(
    mean: Pairs, spread: Stream[Vec[L[2], f64]], action: Pairs, noise: Pairs
) -> tuple[Rows, Rows, Pairs, Rows, Pairs]:
    policy = Gaussian(mean, spread)
    squashed = Squashed(policy)
    chosen, _ = squashed.sample(noise)
    return (
        policy.log_probability(action),
        policy.entropy(),
        policy.sample(noise),
        squashed.log_probability(action),
        chosen,
    )


def test_categories_are_their_formulas() -> None:
    scores = RNG.normal(size=(400, 5, 3)) * 3
    scores[0] = [[800.0, 0.0, -800.0]] * 5
    action = RNG.integers(0, 3, (400, 5)).astype(np.int32)
    bits = RNG.integers(0, 2**64, (400, 5), dtype=np.uint64)
    log, entropy, sample, mode = run(categories, scores=scores, action=action, bits=bits).values()
    shifted = scores - scores.max(axis=2, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    np.testing.assert_allclose(log, np.take_along_axis(logs, action[..., None], 2)[..., 0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(entropy, -(np.exp(logs) * logs).sum(axis=2), rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(mode, scores.argmax(axis=2))
    shares = np.exp(logs)
    level = (bits >> np.uint64(11)) * 2.0**-53
    np.testing.assert_array_equal(sample, (level[..., None] >= np.cumsum(shares, axis=2)[..., :2]).sum(axis=2))


def test_normal_actions_are_their_formulas() -> None:
    mean, action, noise = (RNG.normal(size=(50, 5, 2)) for _ in range(3))
    spread = RNG.normal(size=(50, 2)) * 0.3
    log, entropy, sample, squashed, chosen = run(normals, mean=mean, spread=spread, action=action, noise=noise).values()
    s = np.exp(spread)[:, None]
    density = np.exp(-0.5 * ((action - mean) / s) ** 2) / (s * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(log, np.log(density).sum(axis=2), rtol=1e-12, atol=1e-12)
    expected = (0.5 * np.log(2 * np.pi * np.e * s**2)).sum(axis=2) * np.ones((1, 5))
    np.testing.assert_allclose(entropy, expected, rtol=1e-12)
    np.testing.assert_allclose(sample, mean + s * noise, rtol=1e-12)
    np.testing.assert_allclose(chosen, np.tanh(sample), rtol=1e-12)
    slope = 1 - np.tanh(action) ** 2
    np.testing.assert_allclose(squashed, (np.log(density) - np.log(slope)).sum(axis=2), rtol=1e-9, atol=1e-10)


@node
def noisy(seed: Stream[Vec[L[2000], u64]], like: Stream[f64]) -> Stream[Vec[L[2000], f64]]:
    places: Any = seed
    return normal(random_bits(places, 0), random_bits(places, 1), like)


def test_noise_is_normal() -> None:
    (noise,) = run(noisy, seed=np.arange(20_000, dtype=np.uint64).reshape(10, 2000), like=np.zeros(10)).values()
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.std() - 1) < 0.02
    assert abs((noise**4).mean() - 3) < 0.2
    assert 0.9 * 0.0455 < (abs(noise) > 2).mean() < 1.1 * 0.0455


@node
def orders(
    bits: Stream[u64], x: Stream[Mat[L[16], L[2], f64]]
) -> tuple[Stream[Vec[L[16], i32]], Stream[Mat[L[16], L[2], f64]]]:
    order = shuffled(16, bits)
    (rows,) = taken(order, x)
    return order, rows


def test_an_order_has_each_number_once_and_all_places_are_alike() -> None:
    count = 500
    bits = RNG.integers(0, 2**64, count, dtype=np.uint64)
    x = RNG.normal(size=(count, 16, 2))
    order, rows = run(orders, bits=bits, x=x).values()
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(16), (count, 1)))
    np.testing.assert_array_equal(rows, np.take_along_axis(x, order[..., None], 1))
    share = np.array([np.bincount(order[:, place], minlength=16) for place in range(16)]) / (count / 16)
    # 31 are expected of each number at each place; 6 deviations leave no room for a number that sticks.
    assert abs(share - 1).max() < 6 / np.sqrt(count / 16)
    together = (np.diff(order, axis=1) == 1).mean()
    assert together < 2 / 16, "neighbours do not stay together"
