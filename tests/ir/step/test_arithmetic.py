"""The guarded functions against Python's integers and floats, on every pair of bytes and on the ends of the others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.elementary.evaluate import evaluate
from syncml.ir.step.lowering.arithmetic import (
    clamp_index,
    extreme,
    floor_divide,
    modulo,
    real_divide,
    shift,
    to_integer,
)
from syncml.ir.step.syntax import BinaryOp
from syncml.ir.types import BIT_WIDTH, F64, FLOATS, MACHINE_INTEGERS, Scalar, integer_range

INTEGERS = sorted(MACHINE_INTEGERS, key=str)


def samples(kind: Scalar) -> list[int]:
    low, high = integer_range(kind)
    if BIT_WIDTH[kind] == 8:
        return list(range(low, high + 1))
    near = [low, low + 1, high, high - 1, high // 3, *range(max(low, -9), 10)]
    return sorted(set(near) | {BIT_WIDTH[kind], BIT_WIDTH[kind] - 1})


def wrapped(value: int, kind: Scalar) -> int:
    low, high = integer_range(kind)
    return (value - low) % (high - low + 1) + low


def pairs(kind: Scalar) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(samples(kind), dtype=dtype(kind))
    x, y = np.meshgrid(values, values)
    return x.ravel(), y.ravel()


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_division_rounds_down_and_never_fails(kind: Scalar) -> None:
    x, y = pairs(kind)
    quotient, remainder = evaluate(floor_divide(kind), x, y), evaluate(modulo(kind), x, y)
    for a, b, q, r in zip(x.tolist(), y.tolist(), quotient.tolist(), remainder.tolist(), strict=True):
        assert q == (wrapped(a // b, kind) if b else 0), (a, b)
        assert r == (a % b if b else a), (a, b)


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_shifts_by_any_count(kind: Scalar) -> None:
    x, y = pairs(kind)
    left = evaluate(shift(BinaryOp.SHL, kind), x, y).tolist()
    right = evaluate(shift(BinaryOp.SHR, kind), x, y).tolist()
    for a, n, l, r in zip(x.tolist(), y.tolist(), left, right, strict=True):  # noqa: E741
        inside = 0 <= n < BIT_WIDTH[kind]
        assert l == (wrapped(a << n, kind) if inside else 0), (a, n)
        assert r == (a >> n if inside else 0), (a, n)


@pytest.mark.parametrize("source", sorted(FLOATS, key=str), ids=str)
@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_floats_truncate_and_saturate(source: Scalar, kind: Scalar) -> None:
    low, high = integer_range(kind)
    number = dtype(source).type
    ends = [float(n) for n in (low, high, high + 1)]
    near = [float(np.nextafter(number(e), number(d))) for e in ends for d in (-np.inf, np.inf)]
    values = [0.0, -0.0, 0.9, -0.9, 1.5, -1.5, 1e30, -1e30, math.inf, -math.inf, math.nan, *ends, *near]
    for x in np.array(values, dtype=dtype(source)):
        got = int(evaluate(to_integer(source, kind), x))
        exact = 0 if math.isnan(x) else high if x == math.inf else low if x == -math.inf else math.trunc(float(x))
        assert got == max(low, min(exact, high)), float(x)


def test_least_and_greatest_keep_a_nan_on_the_left() -> None:
    least, greatest = extreme(BinaryOp.LT, F64), extreme(BinaryOp.GT, F64)
    assert evaluate(least, np.float64(1.0), np.float64(np.nan)) == 1.0
    assert np.isnan(evaluate(least, np.float64(np.nan), np.float64(1.0)))
    assert evaluate(greatest, np.float64(1.0), np.float64(2.0)) == 2.0
    assert math.copysign(1.0, evaluate(least, np.float64(0.0), np.float64(-0.0))) == 1.0


def test_a_real_divided_by_zero_is_zero() -> None:
    assert evaluate(real_divide(F64), np.float64(3.0), np.float64(0.0)) == 0.0
    assert evaluate(real_divide(F64), np.float64(3.0), np.float64(-2.0)) == -1.5


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
@pytest.mark.parametrize("extent", [1, 3, 128, 300])
def test_an_index_is_clamped_to_its_axis(kind: Scalar, extent: int) -> None:
    for value in samples(kind):
        got = evaluate(clamp_index(kind, extent), dtype(kind).type(value))
        assert got == max(0, min(value, extent - 1))
        assert got.dtype == np.int64
