"""First values of parameters: drawn from a seed and the name of the parameter, the same everywhere.

Rule: number i of a draw comes from `random_bits` of the draw's key at i, and everything computed from it uses IEEE
operations in a fixed order, or the project's own functions; so a program and a seed have the same weights on every
machine. The matrix of a layer has a row for each output (``w @ x``): ``fan_in`` is the product of all extents but the
first, ``fan_out`` the first one times those after the second.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.ir.elementary import evaluate, function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.nodes.random import random_bits

Numbers: TypeAlias = NDArray[np.float64]
Extents: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Draw:
    """A source of random numbers for one parameter."""

    key: int

    @staticmethod
    def of(seed: int, name: str) -> Draw:
        """The source for a parameter of a program with this seed."""
        return Draw(int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8], "little"))

    def uniform(self, count: int, stream: int = 0) -> Numbers:
        """Numbers of (0, 1), evenly distributed; each ``stream`` has others."""
        places: Any = np.arange(count, dtype=np.uint64) + np.uint64(stream * 2**32)
        bits: Any = random_bits(np.uint64(self.key), places)  # type: ignore[arg-type]
        return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, count: int) -> Numbers:
        """Numbers with mean 0 and deviation 1 (Box, Muller 1958)."""
        radius = np.sqrt(-2.0 * evaluate(function(Op.LOG, Scalar.F64), self.uniform(count)))
        return radius * evaluate(function(Op.COS, Scalar.F64), 2.0 * math.pi * self.uniform(count, 1))


class Initialiser(ABC):
    """How the first value of a parameter is drawn."""

    @abstractmethod
    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""


@dataclass(frozen=True)
class Uniform(Initialiser):
    """Evenly distributed between two numbers."""

    low: float
    high: float

    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""
        return self.low + (self.high - self.low) * draw.uniform(math.prod(extents)).reshape(extents)


@dataclass(frozen=True)
class Normal(Initialiser):
    """Normally distributed."""

    deviation: float
    mean: float

    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""
        return self.mean + self.deviation * draw.normal(math.prod(extents)).reshape(extents)


@dataclass(frozen=True)
class Glorot(Initialiser):
    """Evenly distributed within ``gain * sqrt(6 / (fan_in + fan_out))`` of 0 (Glorot, Bengio 2010)."""

    gain: float

    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""
        bound = self.gain * math.sqrt(6.0 / sum(_fans(extents)))
        return Uniform(-bound, bound).values(extents, draw)


@dataclass(frozen=True)
class He(Initialiser):
    """Normally distributed with the deviation ``gain * sqrt(2 / fan_in)`` (He et al. 2015)."""

    gain: float

    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""
        return Normal(self.gain * math.sqrt(2.0 / _fans(extents)[0]), 0.0).values(extents, draw)


@dataclass(frozen=True)
class Orthogonal(Initialiser):
    """A matrix with orthonormal rows, or columns if there are more rows, times ``gain`` (Saxe et al. 2014).

    Of more axes, the first against all others. Rows of normal numbers are made orthogonal one after the other, twice,
    so that what rounding leaves is gone (Gram, Schmidt).
    """

    gain: float

    def values(self, extents: Extents, draw: Draw) -> Numbers:
        """An array of these extents."""
        first = extents[0] if extents else 1
        rest = math.prod(extents[1:])
        short, long = min(first, rest), max(first, rest)
        rows = draw.normal(short * long).reshape(short, long)
        for i in range(short):
            for _ in range(2):
                if i:
                    shares = _in_order(rows[:i] * rows[i], 1)
                    rows[i] -= _in_order(rows[:i] * shares[:, None], 0)
            rows[i] /= math.sqrt(_in_order(rows[i] * rows[i], 0))
        return self.gain * (rows if first <= rest else rows.T).reshape(extents)


def _in_order(terms: Numbers, axis: int) -> Any:
    """The sum of ``terms`` from the first on; the order of `numpy.sum` is its own affair."""
    return np.cumsum(terms, axis=axis).take(-1, axis=axis)


def _fans(extents: Extents) -> tuple[int, int]:
    if len(extents) < 2:
        return (extents[0] if extents else 1), 1
    return math.prod(extents[1:]), extents[0] * math.prod(extents[2:])


def uniform(low: float = -0.1, high: float = 0.1) -> Initialiser:
    """Evenly distributed between two numbers."""
    return Uniform(low, high)


def normal(deviation: float = 0.1, mean: float = 0.0) -> Initialiser:
    """Normally distributed."""
    return Normal(deviation, mean)


def glorot(gain: float = 1.0) -> Initialiser:
    """Evenly distributed, so that neither values nor gradients grow from layer to layer (for tanh)."""
    return Glorot(gain)


def he(gain: float = 1.0) -> Initialiser:
    """Normally distributed, so that values do not grow from layer to layer (for relu)."""
    return He(gain)


def orthogonal(gain: float = 1.0) -> Initialiser:
    """A matrix that keeps lengths, for the products of recurrent layers and of policies."""
    return Orthogonal(gain)
