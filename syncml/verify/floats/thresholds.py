"""Where a register that keeps growing stops for a while: numbers of the program, powers of two, ends of types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Scalar, integer_range

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

EXPONENTS = {Scalar.F32: range(-20, 128), Scalar.F64: range(-20, 1024)}
"""Of the powers of two."""


def thresholds(constants: Iterable[Const], kind: Scalar) -> Any:
    """The thresholds of a type, ascending, of which the last are the ends of the type."""
    numbers: set[Any] = {0}
    for c in constants:
        if c.element is kind and not isinstance(c.value, Array):
            numbers |= {c.machine().item() if kind in FLOATS else int(c.machine())}
    if kind in FLOATS:
        info = np.finfo(dtype(kind))
        powers = [2.0**k for k in EXPONENTS[kind]]
        numbers |= {s * p for p in powers for s in (1.0, -1.0)}
        numbers |= {float(info.max), -float(info.max), np.inf, -np.inf}
        numbers = {n for n in numbers if not np.isnan(n)}
        return np.unique(np.array(sorted(numbers), dtype=dtype(kind)))
    low, high = integer_range(kind) if kind in MACHINE_INTEGERS else (-np.inf, np.inf)
    numbers = {n for n in numbers if low <= n <= high} | {low, high}
    return np.array(sorted(numbers), dtype=object)
