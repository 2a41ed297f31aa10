"""The two binary formats, and the bounds of one rounding in each.

Rule: round to nearest, ties to even, without overflow: ``fl(e) = e + n`` with ``|n| <= u |e| + eta``, and ``|n|`` is at
most half the distance of the floats around ``fl(e)``. The term ``eta`` is for results below the normal range; sums and
differences have none, because they are multiples of the least subnormal number. Rounding is monotone and keeps what the
format holds exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const, dtype
from syncml.ir.types import F32, F64, Scalar
from syncml.lazy import numpy

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""


@dataclass(frozen=True, slots=True)
class Format:
    """A binary format.

    Attributes:
        precision: Bits of the significand.
        least: The exponent of the least subnormal number: every finite float is a multiple of ``2^least``.
        relative: The largest relative error of one rounding in the normal range, a half unit in the last place.
        tiny: More than the absolute error of one rounding below the normal range; a short number, easy on a solver.
        largest: The largest finite number.
        beyond: The least magnitude that rounds to infinity.
    """

    name: str
    precision: int
    least: int
    relative: Fraction
    tiny: Fraction
    largest: Fraction
    beyond: Fraction


def _format(name: str, precision: int, greatest: int, tiny: int) -> Format:
    top = Fraction(2) ** (greatest + 1)
    half = Fraction(1, 2**precision)
    return Format(
        name, precision, 2 - greatest - precision, half, Fraction(1, 2**tiny), top * (1 - half), top * (1 - half / 2)
    )


FORMATS: dict[Scalar, Format] = {F32: _format("f32", 24, 127, 70), F64: _format("f64", 53, 1023, 130)}
"""The format of each type of floats."""


def nearest_of(name: str, number: Fraction) -> Fraction:
    """The number of the format ``name`` nearest to one that does not overflow, the even one of two."""
    form = next(f for f in FORMATS.values() if f.name == name)
    if not number:
        return number
    size = abs(number)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    unit = Fraction(2) ** max(exponent - form.precision + 1, form.least)
    return round(number / unit) * unit


def machine_number(const: Const) -> Any:
    """What the machine holds of a float constant, as exact fractions: one, or an array of them."""
    value: Any = const.machine()
    if isinstance(const.value, Array):
        items: Any = np.empty(value.size, dtype=np.object_)
        items[:] = [Fraction(float(x)) for x in value.reshape(-1)]
        return items.reshape(value.shape)
    return Fraction(float(value))


def half_spacing(magnitude: Any, kind: Scalar) -> Any:
    """At least the error of a rounding whose result has at most this magnitude, elementwise; infinite where that is."""
    held: Any = np.asarray(magnitude, dtype=dtype(kind))
    with np.errstate(all="ignore"):
        gap = np.spacing(held).astype(np.float64)
    # Half of the least subnormal of binary64 is no number of it; a whole one is on the safe side.
    halved = gap / 2 if kind is F32 else np.maximum(gap / 2, np.nextafter(0.0, 1.0))
    return np.where(np.isfinite(held), halved, np.inf)
