"""The facts that the verifier relies upon: bounds of results, and order."""

from __future__ import annotations

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.elementary import CERTIFICATES, Evidence, evaluate, function
from syncml.ir.elementary.formats import FORMATS
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar
from tests.ir.elementary.reference import TYPES, UNARY


def all_magnitudes(type_: Scalar, step: int) -> np.ndarray:
    """Every ``step``-th number in ascending order, infinities included."""
    form = FORMATS[type_]
    positive = np.arange(0, form.infinity_bits + 1, step, dtype=dtype(form.bits)).view(dtype(type_))
    ends = np.array([np.inf], dtype=dtype(type_))
    return np.concatenate([-ends, -positive[::-1], positive, ends])


STEP = {F32: 20011, F64: 90_000_000_000_029}


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.value)
def test_results_lie_in_the_range_stated(op: Op, type_: Scalar) -> None:
    got = evaluate(function(op, type_), all_magnitudes(type_, STEP[type_]))
    stated = CERTIFICATES[op, type_]
    numbers = got[~np.isnan(got)]
    assert numbers.size > got.size // 3
    assert stated.low <= numbers.min()
    assert numbers.max() <= stated.high


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.value)
def test_bounds_are_reached(op: Op, type_: Scalar) -> None:
    """So no stated bound is wider than the results are."""
    at = {Op.SIN: (np.pi / 2, -np.pi / 2), Op.COS: (0.0, np.pi), Op.LOG: (0.0, np.inf)}.get(op, (-np.inf, np.inf))
    got = evaluate(function(op, type_), np.array(at, dtype=dtype(type_)))
    assert (got.min(), got.max()) == (CERTIFICATES[op, type_].low, CERTIFICATES[op, type_].high)


@pytest.mark.parametrize("op", [Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID], ids=lambda op: op.value)
def test_order_is_kept(op: Op) -> None:
    """Sparse over all numbers, and dense where the pieces of an algorithm meet."""
    assert CERTIFICATES[op, F32].monotone
    assert CERTIFICATES[op, F32].evidence is Evidence.EVERY_INPUT
    sparse = all_magnitudes(F32, STEP[F32])
    joints = np.array([0.3465, 0.7071, 0.9, 1.4142, 9.01, 24.0, 87.34, 88.72], np.float32)
    dense = (joints.view(np.uint32)[:, None] + np.arange(-2000, 2000, dtype=np.int64)).astype(np.uint32)
    for row in [sparse, *dense.view(np.float32), *(-dense.view(np.float32)[:, ::-1])]:
        got = evaluate(function(op, F32), row)
        numbers = got[~np.isnan(got)]
        assert not (numbers[1:] < numbers[:-1]).any()


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_angles_stay_within_half_a_turn(type_: Scalar) -> None:
    stated = CERTIFICATES[Op.ATAN2, type_]
    generator = np.random.default_rng(3)
    y = (generator.normal(size=2000) * 10.0 ** generator.integers(-30, 30, 2000)).astype(dtype(type_))
    x = -np.abs(generator.normal(size=2000)).astype(dtype(type_))
    got = evaluate(function(Op.ATAN2, type_), np.concatenate([y, y[:1] * 0]), np.concatenate([x, -np.ones_like(x[:1])]))
    assert np.abs(got).max() == stated.high == -stated.low
    assert stated.high == dtype(type_).type(np.pi)
