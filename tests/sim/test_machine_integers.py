"""Division, shifts and conversions of arrays of machine integers against the same on Python numbers, one by one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isinf, isnan, trunc
from typing import Any

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.operators import Op
from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, MACHINE_INTEGERS, SIGNED, Scalar, integer_range, tensor
from syncml.sim.evaluate import evaluate, nearest

INTEGERS = sorted(MACHINE_INTEGERS, key=lambda kind: kind.value)
NUMBERS = [BOOL, *INTEGERS, *sorted(FLOATS, key=lambda kind: kind.value)]


def wrapped(value: int, kind: Scalar) -> int:
    value %= 1 << BIT_WIDTH[kind]
    return value - (1 << BIT_WIDTH[kind]) if kind in SIGNED and value >> (BIT_WIDTH[kind] - 1) else value


def samples(kind: Scalar, source: np.random.Generator) -> np.ndarray[Any, Any]:
    """The ends of a type, powers of two and their neighbours, small numbers, and any bits."""
    if kind is BOOL:
        return np.array([False, True])
    if kind in FLOATS:
        powers = [
            sign * 2.0**n + more
            for n in (0, 7, 8, 15, 16, 31, 32, 63, 64)
            for sign in (1, -1)
            for more in (-1, -0.5, 0, 1)
        ]
        special = [0.0, -0.0, 0.5, -0.5, -1.5, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324]
        with np.errstate(all="ignore"):
            own = np.array([*powers, *special]).astype(dtype(kind))
            ends = [np.nextafter(own, dtype(kind).type(side)) for side in (np.inf, -np.inf)]
            bits = source.integers(0, 256, 400 * own.itemsize, dtype=np.uint8).view(own.dtype)
        return np.concatenate([own, *ends, bits])
    low, high = integer_range(kind)
    near = {
        wrapped(sign * (1 << n) + more, kind) for n in range(BIT_WIDTH[kind]) for sign in (1, -1) for more in (-1, 0, 1)
    }
    # The middle between two numbers of f32, and one more: a rounding to f64 in between would show.
    ties = {wrapped((2**24 + 1) * 2**30 + more, kind) for more in (-1, 0, 1)} | {low, high}
    return np.concatenate([
        np.array(sorted(near | ties), dtype=dtype(kind)),
        source.integers(low, high, 200, dtype=dtype(kind), endpoint=True),
    ])  # fmt: skip


PAIRS: dict[Op, Callable[[int, int, int], int]] = {
    Op.FLOORDIV: lambda x, y, _: x // y if y else 0,
    Op.MOD: lambda x, y, _: x % y if y else x,
    Op.SHL: lambda x, n, width: x << n if 0 <= n < width else 0,
    Op.SHR: lambda x, n, width: x >> n if 0 <= n < width else 0,
}


@pytest.mark.parametrize("kind", INTEGERS, ids=lambda kind: kind.value)
@pytest.mark.parametrize("op", PAIRS, ids=lambda op: op.value)
def test_division_and_shifts_of_arrays_are_those_of_their_elements(op: Op, kind: Scalar) -> None:
    source = np.random.default_rng(3)
    values = samples(kind, source)
    x = np.concatenate([values, source.permutation(values), values, values])
    small = np.arange(len(values)) % (BIT_WIDTH[kind] + 3) - (1 if kind in SIGNED else 0)
    y = np.concatenate(
        [source.permutation(values), values, small.astype(x.dtype), np.full(len(values), wrapped(-1, kind), x.dtype)]
    )
    type_ = tensor(kind, x.shape)
    found = evaluate(op, (x, y), None, (type_, type_), type_)
    expected = [wrapped(PAIRS[op](int(a), int(b), BIT_WIDTH[kind]), kind) for a, b in zip(x, y, strict=True)]
    assert found.dtype == dtype(kind) and found.tolist() == expected
    one = evaluate(op, (x[0], y[0]), None, (kind, kind), kind)
    assert type(one) is dtype(kind).type and int(one) == expected[0]


def converted(x: Any, source: Scalar, target: Scalar) -> Any:
    if target is BOOL:
        return bool(x != 0)
    if target in FLOATS:
        if source in FLOATS:
            return dtype(target).type(x)
        return nearest(Fraction(int(x)), target)
    if source in FLOATS:
        low, high = integer_range(target)
        if isnan(x):
            return 0
        return (low if x < 0 else high) if isinf(x) else max(low, min(trunc(float(x)), high))
    return wrapped(int(x), target)


@pytest.mark.parametrize("target", NUMBERS, ids=lambda kind: kind.value)
@pytest.mark.parametrize("source", NUMBERS, ids=lambda kind: kind.value)
def test_a_conversion_of_an_array_is_that_of_its_elements(source: Scalar, target: Scalar) -> None:
    values = samples(source, np.random.default_rng(4))
    found = evaluate(Op.CAST, (values,), target, (tensor(source, values.shape),), tensor(target, values.shape))
    with np.errstate(all="ignore"):
        expected = np.array([converted(x, source, target) for x in values], dtype=dtype(target))
    assert found.dtype == dtype(target)
    assert np.array_equal(found, expected, equal_nan=target in FLOATS)
    if target in FLOATS:
        numbers = ~np.isnan(expected)
        assert np.array_equal(np.signbit(found[numbers]), np.signbit(expected[numbers]))
    one = evaluate(Op.CAST, (values[-1],), target, (source,), target)
    assert type(one) is dtype(target).type and np.array_equal(one, expected[-1], equal_nan=target in FLOATS)
