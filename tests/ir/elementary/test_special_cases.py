"""Signed zeros, infinities, NaN, overflow and underflow, as C99 Annex F has them."""

from __future__ import annotations

from math import copysign, inf, isnan, nan, pi

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.elementary import evaluate, function
from syncml.ir.elementary.formats import FORMATS
from syncml.ir.operators import Op
from syncml.ir.types import F32, Scalar
from tests.ir.elementary.reference import TYPES, UNARY, bits


def value(op: Op, type_: Scalar, *arguments: float) -> np.floating:
    return evaluate(function(op, type_), *map(dtype(type_).type, arguments))


def same(got: np.floating, want: float, type_: Scalar) -> bool:
    """Equal to the rounded ``want``, with its sign; the canonical NaN for NaN."""
    form = FORMATS[type_]
    if isnan(want):
        return bits(got) == form.infinity_bits | 1 << (form.fraction - 1)
    return bits(got) == bits(dtype(type_).type(want))


ONE_ARGUMENT = [
    (Op.EXP, 0.0, 1.0), (Op.EXP, -0.0, 1.0), (Op.EXP, inf, inf), (Op.EXP, -inf, 0.0), (Op.EXP, 1e4, inf),
    (Op.EXP, -1e4, 0.0), (Op.LOG, 1.0, 0.0), (Op.LOG, 0.0, -inf), (Op.LOG, -0.0, -inf), (Op.LOG, inf, inf),
    (Op.LOG, -1.0, nan), (Op.LOG, -inf, nan), (Op.TANH, 0.0, 0.0), (Op.TANH, -0.0, -0.0), (Op.TANH, inf, 1.0),
    (Op.TANH, -inf, -1.0), (Op.TANH, 30.0, 1.0), (Op.TANH, -30.0, -1.0), (Op.SIGMOID, 0.0, 0.5),
    (Op.SIGMOID, -0.0, 0.5), (Op.SIGMOID, inf, 1.0), (Op.SIGMOID, -inf, 0.0), (Op.SIGMOID, 1e4, 1.0),
    (Op.SIGMOID, -1e4, 0.0), (Op.SIN, 0.0, 0.0), (Op.SIN, -0.0, -0.0), (Op.SIN, inf, nan), (Op.SIN, -inf, nan),
    (Op.COS, 0.0, 1.0), (Op.COS, -0.0, 1.0), (Op.COS, inf, nan), (Op.COS, -inf, nan),
]  # fmt: skip


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize(("op", "x", "want"), ONE_ARGUMENT)
def test_one_argument(op: Op, x: float, want: float, type_: Scalar) -> None:
    assert same(value(op, type_, x), want, type_)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.value)
def test_every_nan_gives_the_canonical_one(op: Op, type_: Scalar) -> None:
    form = FORMATS[type_]
    patterns = [
        form.infinity_bits | payload | sign for payload in (1, form.fraction_mask) for sign in (0, form.sign_mask)
    ]
    arguments = np.array(patterns, dtype=dtype(form.bits)).view(dtype(type_))
    assert all(same(got, nan, type_) for got in evaluate(function(op, type_), arguments))


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_tiny_arguments_are_their_own_sine_and_tangent(type_: Scalar) -> None:
    form = FORMATS[type_]
    least = 2.0 ** (1 - form.bias - form.fraction)
    for x in (least, -least, 3 * least, form.least_normal, -1.5 * form.least_normal):
        assert same(value(Op.SIN, type_, x), x, type_)
        assert same(value(Op.TANH, type_, x), x, type_)
        assert same(value(Op.COS, type_, x), 1.0, type_)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_subnormal_results(type_: Scalar) -> None:
    """exp and sigmoid run down to the least subnormal, and log reads it."""
    form = FORMATS[type_]
    lowest = 1 - form.bias - form.fraction
    x = lowest * np.log(2)
    least = 2.0**lowest
    for op in (Op.EXP, Op.SIGMOID):
        assert value(op, type_, x) == least
        assert value(op, type_, x - np.log(2) * 1.01) == 0
        assert 0 < value(op, type_, x + 2) < form.least_normal
    assert value(Op.LOG, type_, least) == dtype(type_).type(x)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_atan2(type_: Scalar) -> None:
    for sign in (1.0, -1.0):
        zero, big = copysign(0.0, sign), sign * inf
        cases = [
            (zero, -0.0, sign * pi), (zero, 0.0, zero), (zero, -2.0, sign * pi), (zero, 2.0, zero),
            (sign, 0.0, sign * pi / 2), (sign, -0.0, sign * pi / 2), (sign, -inf, sign * pi), (sign, inf, zero),
            (big, 5.0, sign * pi / 2), (big, -5.0, sign * pi / 2), (big, -inf, sign * 3 * pi / 4),
            (big, inf, sign * pi / 4), (sign, 1.0, sign * pi / 4), (sign, -1.0, sign * 3 * pi / 4),
            (nan, sign, nan), (sign, nan, nan), (nan, big, nan), (zero, nan, nan),
        ]  # fmt: skip
        for y, x, want in cases:
            assert same(value(Op.ATAN2, type_, y, x), want, type_), (y, x)


POW = [
    # any ** 0 and 1 ** any are 1, NaN included
    (nan, 0.0, 1.0), (nan, -0.0, 1.0), (0.0, 0.0, 1.0), (inf, -0.0, 1.0), (1.0, nan, 1.0), (1.0, inf, 1.0),
    (1.0, -inf, 1.0), (1.0, 1e30, 1.0),
    # NaN otherwise
    (nan, 1.0, nan), (2.0, nan, nan), (0.0, nan, nan), (-1.0, nan, nan), (nan, inf, nan), (nan, nan, nan),
    # zero bases
    (0.0, -3.0, inf), (-0.0, -3.0, -inf), (0.0, -2.0, inf), (-0.0, -2.0, inf), (-0.0, -0.5, inf), (0.0, -inf, inf),
    (-0.0, -inf, inf), (0.0, 3.0, 0.0), (-0.0, 3.0, -0.0), (-0.0, 2.0, 0.0), (-0.0, 0.5, 0.0), (-0.0, inf, 0.0),
    # -1 to an infinite power
    (-1.0, inf, 1.0), (-1.0, -inf, 1.0),
    # infinite exponents
    (0.5, -inf, inf), (-0.5, -inf, inf), (2.0, -inf, 0.0), (-2.0, -inf, 0.0), (0.5, inf, 0.0), (-0.5, inf, 0.0),
    (2.0, inf, inf), (-2.0, inf, inf),
    # infinite bases
    (-inf, -3.0, -0.0), (-inf, -2.0, 0.0), (-inf, -0.5, 0.0), (-inf, 3.0, -inf), (-inf, 2.0, inf), (-inf, 0.5, inf),
    (inf, -1.0, 0.0), (inf, 0.5, inf), (inf, inf, inf), (inf, -inf, 0.0), (-inf, inf, inf),
    # negative bases
    (-2.0, 0.5, nan), (-1.0, 0.5, nan), (-2.0, 3.0, -8.0), (-2.0, 2.0, 4.0), (-2.0, -3.0, -0.125),
    # overflow, underflow
    (2.0, 2000.0, inf), (2.0, -2000.0, 0.0), (-2.0, 2001.0, -inf), (-2.0, -2001.0, -0.0), (0.5, 1e30, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize(("x", "y", "want"), POW)
def test_pow(x: float, y: float, want: float, type_: Scalar) -> None:
    assert same(value(Op.POW, type_, x, y), want, type_)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_pow_knows_odd_from_even_up_to_the_largest_odd_integer(type_: Scalar) -> None:
    largest_odd = 2.0 ** (FORMATS[type_].fraction + 1) - 1
    for exponent, sign in ((largest_odd, -1), (largest_odd - 1, 1), (largest_odd + 1, 1), (2 * largest_odd + 2, 1)):
        assert same(value(Op.POW, type_, -1.0, exponent), sign, type_)
    half = (largest_odd + 1) / 4 + 0.5
    assert isnan(value(Op.POW, type_, -1.0, half))


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_pow_far_beyond_the_range(type_: Scalar) -> None:
    """Exponents whose lost digits alone would be large numbers."""
    generator = np.random.default_rng(5)
    base = generator.uniform(1.1, 1000, 500).astype(dtype(type_))
    exponent = (10.0 ** generator.uniform(4, 37, 500)).astype(dtype(type_))
    power = function(Op.POW, type_)
    assert np.isposinf(evaluate(power, base, exponent)).all()
    assert (evaluate(power, base, -exponent).view(dtype(FORMATS[type_].bits)) == 0).all()


def test_the_reference_tells_zeros_and_nans_apart() -> None:
    assert not same(np.float32(0.0), -0.0, F32)
    assert not same(-np.array([0x7FC00000], np.uint32).view(np.float32)[0], nan, F32)
