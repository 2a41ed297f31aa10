"""Sampled results lie within the certified error of exact values."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

from syncml.ir.constants import dtype
from syncml.ir.elementary import CERTIFICATES, ELEMENTARY, evaluate, function
from syncml.ir.elementary.formats import FORMATS
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar
from tests.ir.elementary.reference import BINARY, TYPES, UNARY, error, exact

INTERVALS = {
    Op.EXP: {F32: (-104.0, 88.7), F64: (-745.0, 709.7)},
    Op.LOG: {F32: (0.5, 2.0), F64: (0.5, 2.0)},
    Op.TANH: {F32: (-9.0, 9.0), F64: (-19.0, 19.0)},
    Op.SIGMOID: {F32: (-104.0, 20.0), F64: (-745.0, 40.0)},
    Op.SIN: {F32: (-10.0, 10.0), F64: (-10.0, 10.0)},
    Op.COS: {F32: (-10.0, 10.0), F64: (-10.0, 10.0)},
}


def any_numbers(generator: np.random.Generator, type_: Scalar, count: int) -> np.ndarray:
    """Finite numbers of all magnitudes."""
    form = FORMATS[type_]
    bits = generator.integers(0, 1 << form.width, count, dtype=dtype(form.bits))
    return bits[(bits & dtype(form.bits).type(form.infinity_bits)) != form.infinity_bits].view(dtype(type_))


def worst(op: Op, type_: Scalar, *arguments: np.ndarray) -> float:
    results = evaluate(function(op, type_), *arguments)
    errors = [0.0]
    for got, *at in zip(results, *arguments, strict=True):
        want = exact(op, *at)
        if want == 0:
            assert got == 0
        else:
            errors.append(error(got, want, type_))
    return max(errors)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.value)
def test_one_argument(op: Op, type_: Scalar) -> None:
    generator = np.random.default_rng(7)
    samples = generator.uniform(*INTERVALS[op][type_], 400).astype(dtype(type_))
    small = (generator.uniform(-1, 1, 200) * 2.0 ** generator.integers(-30, 1, 200)).astype(dtype(type_))
    anywhere = any_numbers(generator, type_, 150)
    x = np.concatenate([samples, small, anywhere])
    if op is Op.LOG:
        x = np.abs(x)
    if op in (Op.EXP, Op.SIGMOID):
        x = np.clip(x, *np.array(INTERVALS[op][type_], dtype=x.dtype))
    measured = worst(op, type_, x)
    assert 0.4 < measured <= CERTIFICATES[op, type_].error_ulp


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_atan2(type_: Scalar) -> None:
    generator = np.random.default_rng(8)
    y = np.concatenate([generator.normal(size=300).astype(dtype(type_)), any_numbers(generator, type_, 300)[:290]])
    x = np.concatenate([generator.normal(size=300).astype(dtype(type_)), any_numbers(generator, type_, 300)[:290]])
    assert 0.4 < worst(Op.ATAN2, type_, y, x) <= CERTIFICATES[Op.ATAN2, type_].error_ulp


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_pow(type_: Scalar) -> None:
    """Results of all magnitudes, from bases near 1 and far from it."""
    generator = np.random.default_rng(9)
    reach = FORMATS[type_].bias - 1
    near = 1 + generator.uniform(-0.3, 0.4, 300) * 2.0 ** -generator.integers(0, 20, 300)
    far = 2.0 ** generator.uniform(-reach, reach, 300)
    x = np.concatenate([near, far]).astype(dtype(type_))
    x = x[x != 1]
    y = (generator.uniform(-reach - 20, reach, x.size) / np.log2(x.astype(np.float64))).astype(dtype(type_))
    assert 0.4 < worst(Op.POW, type_, x, y) <= CERTIFICATES[Op.POW, type_].error_ulp


def nearest_to_quarter_turns(type_: Scalar) -> list[float]:
    """For each of several exponents, the number that comes nearest to a multiple of pi/2.

    The convergents of the continued fraction of ``2**e / (pi/2)`` have the best denominators for a significand.
    """
    form = FORMATS[type_]
    found: list[float] = []
    step = 1 if type_ is F32 else 29
    for exponent in range(-form.fraction, form.bias - form.fraction, step):
        with mp.workprec(2 * form.bias + 400):
            rest = mpf(2) ** exponent / (mp.pi / 2)
            before, denominator = 0, 1
            rest -= mp.floor(rest)
            while denominator < 1 << (form.fraction + 1):
                if denominator >= 1 << form.fraction:
                    found.append(float(mpf(denominator) * mpf(2) ** exponent))
                rest = 1 / rest
                term = int(mp.floor(rest))
                rest -= term
                before, denominator = denominator, term * denominator + before
    return found


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("op", [Op.SIN, Op.COS], ids=lambda op: op.value)
def test_angles_nearest_to_quarter_turns(op: Op, type_: Scalar) -> None:
    """The arguments that lose most digits in the reduction."""
    hard = nearest_to_quarter_turns(type_)
    hard += [6381956970095103.0 * 2.0**797] if type_ is F64 else [16367173.0 * 2.0**72]
    assert len(hard) > 15
    x = np.array(hard, dtype=dtype(type_))
    assert worst(op, type_, x) <= CERTIFICATES[op, type_].error_ulp


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_exact_powers_are_exact(type_: Scalar) -> None:
    base = np.arange(1, 17, dtype=dtype(type_))
    power = function(Op.POW, type_)
    for exponent in range(-5 if type_ is F64 else 0, 6):
        got = evaluate(power, base, base.dtype.type(exponent))
        if exponent >= 0:
            assert (got == [int(b) ** exponent for b in base]).all()
        else:
            powers_of_two = base[[0, 1, 3, 7, 15]]
            assert (evaluate(power, powers_of_two, base.dtype.type(exponent)) == powers_of_two**exponent).all()


def test_every_function_has_a_certificate() -> None:
    assert set(CERTIFICATES) == {(op, type_) for op in ELEMENTARY for type_ in TYPES}
    assert set(UNARY) | set(BINARY) == ELEMENTARY
    assert all(certificate.error_ulp <= 2 for certificate in CERTIFICATES.values())
