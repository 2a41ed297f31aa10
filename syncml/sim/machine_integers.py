"""Machine integers on NumPy arrays: division, shifts and conversions of all elements at once.

    x // y = floor(x / y) mod 2^n, 0 where y = 0        x % y = x - y * floor(x / y), x where y = 0
    x << k, x >> k = 0 unless 0 <= k < n                >> is arithmetic for signed types
    cast(f) = f cut off towards 0, limited to the type, 0 for NaN        cast(i) = i mod 2^n

Rule: n is the width of the type. Every operator gives the numbers of these equations, never what NumPy or a processor
makes of a division by 0, of a shift by too much or of a float that is out of range.
"""

from __future__ import annotations

from typing import Any

from syncml.ir.constants import dtype
from syncml.ir.operators import Op
from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, MACHINE_INTEGERS, Element, Scalar, integer_range
from syncml.lazy import numpy

np: Any = numpy
"""Values are typed by their streams, not by Python."""


def divided(op: Op, x: Any, y: Any) -> Any:
    """``x // y`` or ``x % y`` by ``op``."""
    zero = y == 0
    # The least number by -1 is itself again, as it is modulo 2^n.
    divisor = np.where(zero, y.dtype.type(1), y)
    if op is Op.FLOORDIV:
        return np.where(zero, x.dtype.type(0), np.floor_divide(x, divisor))
    return np.where(zero, x, np.remainder(x, divisor))


def shifted(op: Op, x: Any, places: Any, kind: Scalar) -> Any:
    """``x << places`` or ``x >> places`` by ``op``."""
    possible = (places >= 0) & (places < BIT_WIDTH[kind])
    by = np.where(possible, places, places.dtype.type(0)).astype(x.dtype)
    return np.where(possible, np.left_shift(x, by) if op is Op.SHL else np.right_shift(x, by), x.dtype.type(0))


def converts(source: Element, target: Element) -> bool:
    """Whether `converted` has this conversion: between numbers of a machine, and Booleans."""
    return all(k is BOOL or k in FLOATS or k in MACHINE_INTEGERS for k in (source, target))


def converted(value: Any, source: Element, target: Element) -> Any:
    """``value`` of elements ``source`` as elements ``target``."""
    value = np.asarray(value)
    if target is BOOL:
        return value != 0
    if source in FLOATS and isinstance(target, Scalar) and target in MACHINE_INTEGERS:
        low, high = integer_range(target)
        whole = np.trunc(value)
        # Powers of two, which every float type has.
        below, above = whole < float(low), whole >= float(high + 1)
        inside = np.where(below | above | np.isnan(whole), value.dtype.type(0), whole).astype(dtype(target))
        ends = dtype(target).type(low), dtype(target).type(high)
        return np.where(below, ends[0], np.where(above, ends[1], inside))
    return value.astype(dtype(target))
