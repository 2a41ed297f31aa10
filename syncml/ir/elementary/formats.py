"""The two floating-point formats, and what one does with their bits.

Rule: every function is written once, over a `Format`; what differs between ``f32`` and ``f64`` is a number here
or a polynomial in `coefficients`. Bits are handled as unsigned integers only, whose arithmetic wraps by definition.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.elementary.builder import Value, literal
from syncml.ir.types import F32, F64, Scalar


@dataclass(frozen=True, slots=True)
class Format:
    """IEEE-754 binary32 or binary64; ``fraction`` is the number of stored significand bits."""

    scalar: Scalar
    bits: Scalar
    width: int
    fraction: int
    bias: int

    @property
    def sign_mask(self) -> int:
        """The sign bit."""
        return 1 << (self.width - 1)

    @property
    def magnitude_mask(self) -> int:
        """All bits but the sign."""
        return self.sign_mask - 1

    @property
    def fraction_mask(self) -> int:
        """The stored significand bits."""
        return (1 << self.fraction) - 1

    @property
    def infinity_bits(self) -> int:
        """The bits of +infinity; greater magnitudes are NaN."""
        return self.magnitude_mask - self.fraction_mask

    @property
    def shifter(self) -> float:
        """1.5 * 2**fraction: added to a small x it leaves the integer nearest to x in the low bits of the sum."""
        return 1.5 * 2.0**self.fraction

    @property
    def least_normal(self) -> float:
        """The least positive normal number."""
        return 2.0 ** (1 - self.bias)

    def power_bits(self, exponent: int) -> int:
        """The bits of ``2**exponent``."""
        return (exponent + self.bias) << self.fraction

    def special(self, bits: int) -> Value:
        """The number with these ``bits``: infinities and NaN, which no literal denotes in every back end."""
        return Value(literal(bits, self.bits)).bits_as(self.scalar)

    def infinity(self, sign: int = 0) -> Value:
        """Infinity, negative if ``sign`` is 1."""
        return self.special(self.infinity_bits | sign * self.sign_mask)

    def nan(self) -> Value:
        """The canonical quiet NaN: positive, with the first fraction bit alone."""
        return self.special(self.infinity_bits | 1 << (self.fraction - 1))

    def from_bits(self, bits: Value) -> Value:
        """The float with these bits."""
        return bits.bits_as(self.scalar)

    def to_bits(self, value: Value) -> Value:
        """The bits of a float."""
        return value.bits_as(self.bits)

    def magnitude_bits(self, value: Value) -> Value:
        """The bits of the absolute value of a float."""
        return self.to_bits(value) & self.magnitude_mask

    def sign_bit(self, value: Value) -> Value:
        """The sign bit of a float, in place."""
        return self.to_bits(value) & self.sign_mask

    def scaled_integer(self, integer: Value, unit: int) -> Value:
        """``integer * 2**unit`` exactly, for ``integer`` below ``2**fraction``.

        The integer becomes the fraction bits under a leading one that is subtracted again; so no conversion is
        needed, which vector units lack for 64 bits.
        """
        exponent = unit + self.fraction
        return self.from_bits(integer | self.power_bits(exponent)) - 2.0**exponent


FORMATS = {
    F32: Format(F32, Scalar.U32, 32, 23, 127),
    F64: Format(F64, Scalar.U64, 64, 52, 1023),
}
