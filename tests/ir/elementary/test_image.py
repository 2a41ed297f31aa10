"""Bounds on intervals hold, and are as tight as what is known allows."""

from __future__ import annotations

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.elementary import CERTIFICATES, evaluate, function, image
from syncml.ir.elementary.image import INCREASING
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar
from tests.ir.elementary.reference import TYPES

each_increasing = pytest.mark.parametrize("op", sorted(INCREASING, key=lambda op: op.value), ids=lambda op: op.value)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@each_increasing
def test_values_inside_lie_within(op: Op, type_: Scalar) -> None:
    generator = np.random.default_rng(11)
    for _ in range(60):
        ends = generator.normal(scale=10.0 ** generator.integers(-3, 3), size=2).astype(dtype(type_))
        low, high = np.sort(np.abs(ends) if op is Op.LOG else ends)
        inside = np.append(generator.uniform(low, high, 200).astype(dtype(type_)), [low, high]).clip(low, high)
        got = evaluate(function(op, type_), inside)
        least, greatest = image(op, type_, float(low), float(high))
        assert least <= got.min()
        assert got.max() <= greatest


@each_increasing
def test_bounds_of_f32_are_the_values_at_the_ends(op: Op) -> None:
    ends = np.array([0.25, 3.0], np.float32)
    assert image(op, F32, 0.25, 3.0) == tuple(evaluate(function(op, F32), ends))


@each_increasing
def test_bounds_of_f64_leave_room_for_two_errors(op: Op) -> None:
    (value,) = evaluate(function(op, F64), np.array([1.25]))
    least, greatest = image(op, F64, 1.25, 1.25)
    room = 2 * CERTIFICATES[op, F64].error_ulp * np.spacing(value)
    assert value - 4 * room <= least <= value - room
    assert value + room <= greatest <= value + 4 * room


def test_bounds_never_leave_the_range() -> None:
    assert image(Op.TANH, F64, -np.inf, np.inf) == (-1.0, 1.0)
    assert image(Op.SIGMOID, F64, -np.inf, np.inf) == (0.0, 1.0)
    assert image(Op.EXP, F64, -1e9, 1e9) == (0.0, np.inf)
    assert image(Op.LOG, F64, 0.0, 1.0)[0] == -np.inf


@pytest.mark.parametrize(
    ("op", "type_", "low", "high"),
    [(Op.SIN, F32, 0.0, 1.0), (Op.LOG, F64, -1.0, 1.0), (Op.EXP, F32, 0.1, 1.0), (Op.TANH, F64, np.nan, 1.0)],
)
def test_what_has_no_bounds_is_refused(op: Op, type_: Scalar, low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"not increasing|no bound"):
        image(op, type_, low, high)
