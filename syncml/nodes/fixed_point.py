"""Multiplication of integers by real numbers in integer arithmetic alone.

Rule: a positive real number is ``m * 2**(s - 31)`` with an integer ``m`` of 31 bits, rounded to nearest
(``QuantizeMultiplier`` of TensorFlow Lite, after Jacob et al., "Quantization and training of neural networks for
efficient integer-arithmetic-only inference", 2018, section 2.2). The product with an integer ``x`` is one of

    SINGLE    floor((x * m + 2**(30 - s)) / 2**(31 - s))             one rounding, ties upwards
    DOUBLE    round(floor((x * 2**max(s, 0) * m + 2**30) / 2**31) / 2**max(-s, 0))   then ties away from zero
    REDUCED   floor((x * m' + 2**(14 - s)) / 2**(15 - s)), m' = floor((m + 2**15) / 2**16), at most 2**15 - 1
    EXACT     round(x * r), ties away from zero, with as many bits of r as 64 bits leave beside x

DOUBLE is `MultiplyByQuantizedMultiplier` of TensorFlow Lite as built by default (int8 convolutions and products),
REDUCED its 64-bit overload (16x8 convolutions), EXACT what LiteRT 2.3 computes in its fully connected kernels, and
SINGLE the variant under ``TFLITE_SINGLE_ROUNDING``, which needs the fewest instructions.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import cast, constant
from syncml.lang.stream import Stream
from syncml.lang.types import i32, i64

Integers = NDArray[np.int64]


class Rounding(enum.Enum):
    """How a product with a real number is rounded."""

    SINGLE = "single"
    DOUBLE = "double"
    REDUCED = "reduced"
    EXACT = "exact"


@dataclass(frozen=True, eq=False)
class Multiplier:
    """Positive real numbers, one for each channel or one for all, as ``mantissa * 2**-shift``.

    Attributes:
        mantissa: Integers.
        shift: The places by which their product is shifted to the right.
        rounding: How.
    """

    mantissa: Integers
    shift: Integers
    rounding: Rounding


def multiplier(real: float | NDArray[Any], rounding: Rounding, bound: int = 2**31) -> Multiplier:
    """The multiplier of ``real``, one number or one for each channel; ``bound`` is the largest magnitude of ``x``.

    Raises:
        ValueError: a number is not positive and finite, or too large to be multiplied by an accumulator.
    """
    flat = [float(r) for r in np.atleast_1d(np.asarray(real, dtype=np.float64))]
    if any(not math.isfinite(r) or r <= 0 for r in flat):
        raise ValueError("a multiplier is positive and finite")
    parts = [_decomposed(r, rounding, bound) for r in flat]
    mantissa, shift = (np.array(column, dtype=np.int64).reshape(np.shape(real)) for column in zip(*parts, strict=True))
    left = max(31 - int(shift.min()), 0) if rounding is Rounding.DOUBLE else 0
    if int(shift.min()) < (0 if rounding is Rounding.DOUBLE else 1) or int(mantissa.max()) * bound << left >= 2**62:
        raise ValueError("a multiplier is too large for the accumulator")
    return Multiplier(mantissa, shift, rounding)


def _decomposed(real: float, rounding: Rounding, bound: int) -> tuple[int, int]:
    """The mantissa and the shift of one number."""
    fraction, exponent = math.frexp(real)
    bits = 31
    if rounding is Rounding.EXACT:
        bits = min(53, 61 - bound.bit_length())
    mantissa = math.floor(math.ldexp(fraction, bits) + 0.5)
    if mantissa == 1 << bits:
        mantissa, exponent = mantissa // 2, exponent + 1
    if rounding is not Rounding.EXACT and exponent < -31:
        # The product with any accumulator is 0; TensorFlow Lite says so by a mantissa of 0.
        return 0, 31
    if rounding is Rounding.REDUCED:
        return min((mantissa + (1 << 15)) >> 16, 0x7FFF), 15 - exponent
    return mantissa, bits - exponent


def times(x: Stream[Any], by: Multiplier, bound: int, name: str = "") -> Stream[Any]:
    """``x`` times real numbers, as ``i32``.

    Args:
        x: Integers of ``i32`` or ``i64``; the multipliers belong to its last axis.
        by: The numbers.
        bound: The largest magnitude of ``x``. It decides in which width the intermediate values fit.
        name: Names the constants in generated code.
    """
    wide = cast(x, i64)
    constants = _Constants(f"{name}_" if name else "")
    if by.rounding is Rounding.DOUBLE:
        return _twice_rounded(wide, by, bound, constants)
    if by.rounding is Rounding.EXACT:
        product = wide * constants(by.mantissa, i64, "multiplier")
        # A negative tie is rounded down: 1 less, which is its sign as a number.
        return cast(_halves_up(product + (product >> 63), by.shift, i64, constants), i32)
    product = wide * constants.widened(by.mantissa, "multiplier")
    # The floors of a division by 2**a and then by 2**b are that by 2**(a + b).
    before = int(by.shift.min()) - 1
    if _largest(by, bound, before) < 2**31:
        return _halves_up(cast(product >> before, i32), by.shift - before, i32, constants)
    return cast(_halves_up(product, by.shift, i64, constants), i32)


def _twice_rounded(x: Stream[Any], by: Multiplier, bound: int, constants: _Constants) -> Stream[Any]:
    left, right = np.maximum(31 - by.shift, 0), np.maximum(by.shift - 31, 0)
    if left.any():
        x = x << constants(left, i64, "left")
    product = x * constants.widened(by.mantissa, "multiplier")
    high = (product + (1 << 30)) >> 31
    if not right.any():
        return cast(high, i32)
    # Where nothing is left to divide by, the number is doubled and halved again.
    doubled = np.where(right > 0, 0, 1)
    fits = _largest(by, bound, 30) < 2**31
    kind: Any = i32 if fits else i64
    high = cast(high, i32) if fits else high
    # A negative tie is rounded down: 1 less, which is its sign as a number.
    sign = high >> (31 if fits else 63)
    more = high << constants(doubled, kind, "doubled") if doubled.any() else high
    rounded = _halves_up(more + sign, right + doubled, kind, constants)
    return rounded if fits else cast(rounded, i32)


def _largest(by: Multiplier, bound: int, before: int) -> int:
    """The largest magnitude of a product that is shifted by ``before`` places."""
    left = [max(31 - int(s), 0) if by.rounding is Rounding.DOUBLE else 0 for s in by.shift.reshape(-1)]
    return max(((int(m) * bound) << n >> before) + 1 for m, n in zip(by.mantissa.reshape(-1), left, strict=True))


def _halves_up(x: Stream[Any], places: Integers, kind: Any, constants: _Constants) -> Stream[Any]:
    """``floor(x / 2**places + 1/2)``: the last place is divided by 2 after a half of it was added."""
    before = places - 1
    shifted = x >> constants(before, kind, "shift") if before.any() else x
    return (shifted + 1) >> 1


@dataclass(frozen=True)
class _Constants:
    """Constants of a layer, whose names begin with ``prefix``."""

    prefix: str

    def __call__(self, values: Integers, kind: Any, name: str) -> Stream[Any]:
        """An array of constants, or one number if they are all equal."""
        if (values == values.flat[0]).all():
            return constant(int(values.flat[0]), type=kind)
        return constant(values, type=kind, name=f"{self.prefix}{name}")

    def widened(self, values: Integers, name: str) -> Stream[Any]:
        """The same as ``i64``, of which an array is kept as ``i32``."""
        if (values == values.flat[0]).all():
            return self(values, i64, name)
        return cast(self(values, i32, name), i64)
