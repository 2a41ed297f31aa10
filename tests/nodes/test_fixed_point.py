"""Products of integers with real numbers: each rounding against exact arithmetic, in every engine."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, concat, i32, node
from syncml.nodes.fixed_point import Multiplier, Rounding, multiplier, times
from tests.nodes.running import assert_engines_agree, out

CHANNELS = 7


def quantised(real: float) -> tuple[int, int]:
    """`QuantizeMultiplier`: a mantissa of 31 bits and an exponent."""
    fraction, exponent = math.frexp(real)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, exponent = 2**30, exponent + 1
    return (0, 0) if exponent < -31 else (mantissa, exponent)


def away(numerator: int, places: int) -> int:
    """``numerator / 2**places`` to nearest, ties away from zero."""
    half = (1 << places) >> 1
    return (abs(numerator) + half >> places) * (1 if numerator >= 0 else -1)


def expected(x: int, real: float, rounding: Rounding) -> int:
    m, s = quantised(real)
    match rounding:
        case Rounding.SINGLE:
            return (x * m + (1 << (30 - s))) >> (31 - s)
        case Rounding.DOUBLE:
            return away(((x << max(s, 0)) * m + (1 << 30)) >> 31, max(-s, 0))
        case Rounding.REDUCED:
            return (x * min((m + 2**15) >> 16, 0x7FFF) + (1 << (14 - s))) >> (15 - s)
        case Rounding.EXACT:
            return int(math.copysign(math.floor(abs(x) * Fraction(real) + Fraction(1, 2)), x))


def scaling(by: Multiplier, bound: int) -> Any:
    @node
    def top(x: Stream[Vec[CHANNELS, i32]]) -> Stream[Vec[Any, i32]]:
        return times(x, by, bound)

    return top


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(("least", "most", "bound"), [(1e-6, 1e-2, 2**16), (0.2, 0.9, 2**24), (0.3, 3.0, 2**20)])
def test_a_product_is_rounded_as_it_says(rounding: Rounding, least: float, most: float, bound: int) -> None:
    generator = np.random.default_rng(bound)
    real = np.exp(generator.uniform(math.log(least), math.log(most), CHANNELS))
    real[0] = 2.0 ** math.floor(math.log2(most))
    x = generator.integers(-bound, bound, (40, CHANNELS), endpoint=True).astype(np.int32)
    # Ties between two integers, and the ends.
    x[:8, 0] = np.array([1, -1, 3, -3, 5, -5, 7, -7]) * max(1, round(0.5 / real[0]))
    x[8], x[9] = bound, -bound
    found = out(scaling(multiplier(real, rounding, bound), bound), x=x)
    assert found.tolist() == [
        [expected(int(a), float(r), rounding) for a, r in zip(row, real, strict=True)] for row in x
    ]


def test_products_have_the_same_bits_in_every_engine() -> None:
    generator = np.random.default_rng(3)
    bound, real = 2**20, generator.uniform(0.001, 0.9, CHANNELS)
    all_of = [multiplier(real, rounding, bound) for rounding in Rounding]

    @node
    def top(x: Stream[Vec[CHANNELS, i32]]) -> Stream[Vec[Any, i32]]:
        return concat(*(times(x, by, bound) for by in all_of))

    assert_engines_agree(top, x=generator.integers(-bound, bound, (24, CHANNELS)).astype(np.int32))


def test_a_number_that_is_too_small_makes_every_product_0() -> None:
    by = multiplier(np.full(CHANNELS, 1e-12), Rounding.DOUBLE)
    assert not out(scaling(by, 2**31 - 1), x=np.full((2, CHANNELS), 2**31 - 1, np.int32)).any()


@pytest.mark.parametrize("real", [0.0, -1.0, math.inf, math.nan, 1e30])
def test_a_multiplier_is_positive_and_not_too_large(real: float) -> None:
    with pytest.raises(ValueError, match="multiplier"):
        multiplier(real, Rounding.SINGLE)
