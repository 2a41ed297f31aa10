"""Random numbers that are functions of a seed and a place, and points of a unit cube made from them.

Rule: any point of a sample is had without those before it, so a run of a sweep is the same whoever computes it, in
whatever order, and no sample is held in memory. `random_bits` is that of `syncml.nodes.random`. The strata of a Latin
hypercube are permuted by a Feistel network of six rounds with these bits, which walks on until it is inside of the
range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
"""

from __future__ import annotations

import warnings
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from syncml.extras import optional

Method = Literal["latin_hypercube", "sobol", "random"]
Bits = NDArray[np.uint64]

_ODD = 0x9E3779B97F4A7C15
_ALL = (1 << 64) - 1
_ROUNDS = 6


def random_bits(seed: int | Bits, place: int | Bits) -> Bits:
    """64 random bits for each place of a seed, the finalizer of SplitMix64."""
    seeds, places = (np.atleast_1d(np.asarray(_unsigned(each), dtype=np.uint64)) for each in (seed, place))
    z = seeds + places * np.uint64(_ODD)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _unsigned(value: int | Bits) -> int | Bits:
    return value & _ALL if isinstance(value, int) else value


def uniform(bits: Bits) -> NDArray[np.float64]:
    """An evenly distributed number of [0, 1) from 64 random bits: the first 53 of them."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def points(method: Method, count: int, dimensions: int, seed: int, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Some of ``count`` points in the unit cube, a row for each place.

    Raises:
        DiagnosticError: D006, Sobol points need SciPy.
    """
    match method:
        case "latin_hypercube":
            columns = [_strata(count, int(random_bits(seed, d + 1)[0]), places) for d in range(dimensions)]
            return np.stack(columns, axis=1)
        case "random" | "sobol":
            if not len(places):
                return np.zeros((0, dimensions))
            first, last = int(places.min()), int(places.max()) + 1
            drawn = (_evenly if method == "random" else _sobol)(dimensions, seed, first, last)
            return drawn[places - first]
        case _:
            assert_never(method)


def _strata(count: int, key: int, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """One number in each of ``count`` equal parts of [0, 1), in a random order."""
    jitter = uniform(random_bits(key, places.astype(np.uint64)))
    inside = (permuted(places.astype(np.uint64), count, key).astype(np.float64) + jitter) / count
    return np.minimum(inside, 1.0 - 2.0**-53)


def permuted(places: Bits, count: int, key: int) -> Bits:
    """A permutation of 0 .. ``count`` - 1 that ``key`` chooses, at some places."""
    half = np.uint64(max(1, ((count - 1).bit_length() + 1) // 2))
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = random_bits(key, np.arange(_ROUNDS, dtype=np.uint64) + np.uint64(1 << 63))

    def once(number: Bits) -> Bits:
        left, right = number >> half, number & mask
        for each in np.split(keys, _ROUNDS):
            left, right = right, left ^ (random_bits(each, right) & mask)
        return (left << half) | right

    found = once(places)
    while (outside := found >= np.uint64(count)).any():
        found[outside] = once(found[outside])
    return found


def _evenly(dimensions: int, seed: int, first: int, last: int) -> NDArray[np.float64]:
    """Rows of the numbers that NumPy's Philox draws one after another; a block of its counter has four of them."""
    source = np.random.Philox(seed)
    block, skipped = divmod(first * dimensions, 4)
    source.advance(block)
    drawn = np.random.Generator(source).random((last - first) * dimensions + skipped)
    return drawn[skipped:].reshape(last - first, dimensions)


def _sobol(dimensions: int, seed: int, first: int, last: int) -> NDArray[np.float64]:
    qmc: Any = optional("scipy.stats", "sampling by sobol", "scenarios").qmc
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.Generator(np.random.Philox(seed)))
    if first:
        sequence.fast_forward(first)
    with warnings.catch_warnings():
        # A Sobol sequence is balanced at powers of two; here a part of it is taken.
        warnings.simplefilter("ignore", UserWarning)
        return sequence.random(last - first)
