"""Steps that several functions share: exact sums and products, and the core of the exponential.

Rule: a `Pair` is the unevaluated sum of two floats, ``low`` at most a few units in the last place of ``high``. The
error terms are exact by theorems of Dekker and Knuth that hold for round to nearest without contraction.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.elementary.builder import Builder, Value, literal, select
from syncml.ir.elementary.coefficients import F32 as F32_COEFFICIENTS
from syncml.ir.elementary.coefficients import F64 as F64_COEFFICIENTS
from syncml.ir.elementary.coefficients import Coefficients
from syncml.ir.elementary.formats import FORMATS, Format
from syncml.ir.types import F32, F64, Scalar


@dataclass(frozen=True, slots=True)
class Pair:
    """The unevaluated sum ``high + low``."""

    high: Value
    low: Value


@dataclass(frozen=True, slots=True)
class Context:
    """What every function is written over: the function under construction, its format, its coefficients."""

    builder: Builder
    format: Format
    coefficients: Coefficients

    @staticmethod
    def of(name: str, type_: Scalar) -> Context:
        """The context of an empty function ``name`` on ``type_``."""
        coefficients = {F32: F32_COEFFICIENTS, F64: F64_COEFFICIENTS}[type_]
        return Context(Builder(f"{name}_{type_}"), FORMATS[type_], coefficients)

    def let(self, name: str, value: Value) -> Value:
        """A new local; see `Builder.let`."""
        return self.builder.let(name, value)

    def number(self, value: float) -> Value:
        """A literal of the format."""
        return Value(literal(value, self.format.scalar))

    def is_nan(self, value: Value) -> Value:
        """Whether a float is NaN, from its bits: code without float equality needs no excuse in a review."""
        return self.format.magnitude_bits(value) > self.format.infinity_bits


def polynomial(c: Context, x: Value, coefficients: tuple[float, ...]) -> Value:
    """Horner's rule, the constant term first in ``coefficients``; one local for each step."""
    result = x.same_type(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = c.let("series", result * x + coefficient)
    return result


def constant_pair(c: Context, name: str, values: tuple[float, float]) -> Pair:
    """A constant pair, named because products use it more than once."""
    high, low = values
    return Pair(c.let(name, c.number(high)), c.let(f"{name}_low", c.number(low)))


def clamp(c: Context, x: Value, low: float, high: float) -> Value:
    """``x`` limited to [low, high]; NaN stays NaN."""
    below = c.let("limited", select(x < low, low, x))
    return c.let("limited", select(below > high, high, below))


def fast_two_sum(c: Context, name: str, large: Value, small: Value) -> Pair:
    """``large + small`` exactly, if ``large`` is zero or has no smaller exponent than ``small``."""
    high = c.let(name, large + small)
    return Pair(high, c.let(f"{name}_low", (large - high) + small))


def split(c: Context, name: str, x: Value) -> Pair:
    """``x`` exactly, as its upper half of significand bits and the rest."""
    lower_half = (1 << ((c.format.fraction + 2) // 2)) - 1
    kept = (1 << c.format.width) - 1 - lower_half
    high = c.let(f"{name}_top", c.format.from_bits(c.format.to_bits(x) & kept))
    return Pair(high, c.let(f"{name}_rest", x - high))


def two_product(c: Context, name: str, x: Value, y: Value) -> Pair:
    """``x * y`` up to an error of 2**-2p, p the precision (Dekker)."""
    high = c.let(name, x * y)
    a, b = split(c, f"{name}_x", x), split(c, f"{name}_y", y)
    low = (((a.high * b.high - high) + a.high * b.low) + a.low * b.high) + a.low * b.low
    return Pair(high, c.let(f"{name}_low", low))


def pair_product(c: Context, name: str, x: Pair, y: Pair) -> Pair:
    """``x * y`` up to a few units of 2**-2p."""
    leading = two_product(c, name, x.high, y.high)
    return Pair(leading.high, c.let(f"{name}_tail", leading.low + (x.high * y.low + x.low * y.high)))


@dataclass(frozen=True, slots=True)
class PowerOfTwo:
    """``2**n`` for an integer n as a product of two factors, each a normal number though the product may be none."""

    first: Value
    second: Value

    def scale(self, value: Value) -> Value:
        """``value * 2**n``; only the second product can round, and only to a subnormal number or infinity."""
        return value * self.first * self.second


def power_of_two(c: Context, shifted: Value) -> PowerOfTwo:
    """``2**n``, where ``shifted`` is n + `Format.shifter` and abs(n) is below twice the exponent bias."""
    f = c.format
    # n + 2 * bias: the sum of the biased exponents of the factors.
    both = c.let("exponents", f.to_bits(shifted) - (_bits_of_shifter(f) - 2 * f.bias))
    half = c.let("half", both >> 1)
    first = c.let("scale_1", f.from_bits(half << f.fraction))
    return PowerOfTwo(first, c.let("scale_2", f.from_bits((both - half) << f.fraction)))


def _bits_of_shifter(f: Format) -> int:
    return f.power_bits(f.fraction) | 1 << (f.fraction - 1)


@dataclass(frozen=True, slots=True)
class Reduced:
    """``x = n * ln 2 + r``: r as a pair with abs(r) about ln(2) / 2 at most, and n + `Format.shifter`."""

    remainder: Pair
    shifted: Value


def reduce_by_ln2(c: Context, x: Value) -> Reduced:
    """Cody and Waite's reduction; ``x`` is limited so that abs(n) has at most 9 (f32) or 12 (f64) bits."""
    k = c.coefficients
    shifted = c.let("shifted", x * k.inverse_ln2 + c.format.shifter)
    n = c.let("n", shifted - c.format.shifter)
    exact = c.let("r_exact", x - n * k.ln2_split[0])
    correction = c.let("r_correction", n * k.ln2_split[1])
    r = c.let("r", exact - correction)
    return Reduced(Pair(r, c.let("r_low", (exact - r) - correction)), shifted)


def exp_minus_one(c: Context, r: Pair) -> Pair:
    """``exp(r) - 1`` for a reduced r, as r.high and the rest."""
    z = c.let("z", r.high * r.high)
    return Pair(r.high, c.let("rest", r.low + z * polynomial(c, r.high, c.coefficients.exp)))


def one_plus(c: Context, p: Pair) -> Value:
    """``1 + p`` with little more than one rounding."""
    total = fast_two_sum(c, "sum", c.number(1.0), p.high)
    return total.high + (total.low + p.low)


def with_sign_of(c: Context, magnitude: Value, sign_bit: Value) -> Value:
    """The non-negative ``magnitude`` with a sign bit put in."""
    return c.format.from_bits(c.format.to_bits(magnitude) | sign_bit)


def nan_if(c: Context, condition: Value, result: Value) -> Value:
    """The canonical NaN under ``condition``, else ``result``."""
    return select(condition, c.format.nan(), c.let("result", result))
