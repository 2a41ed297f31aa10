"""exp and log.

exp: n = round(x / ln 2), r = x - n ln 2 in two words, 1 + r + r^2 p(r), scaled by 2^n in two steps, so that results
below the normal range round once. Arguments beyond the range are limited to where the same arithmetic gives 0 or
infinity.

log: x = 2^k m with m in [sqrt(1/2), sqrt(2)); f = m - 1, s = f / (2 + f), z = s^2,
log(m) = f - s (f - z p(z)), added to k ln 2 from the small terms to the large.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.elementary.builder import Value, select
from syncml.ir.elementary.kernels import (
    Context,
    clamp,
    exp_minus_one,
    nan_if,
    one_plus,
    polynomial,
    power_of_two,
    reduce_by_ln2,
)
from syncml.ir.step.syntax import Function
from syncml.ir.types import Scalar

# exp is 0 or infinity beyond these; within, abs(n) stays below twice the exponent bias.
EXP_LIMITS = {32: (-105.0, 90.0), 64: (-747.0, 711.0)}


def exp(type_: Scalar) -> Function:
    """The exponential."""
    c = Context.of("exp", type_)
    x = c.builder.parameter("x", type_)
    limited = clamp(c, x, *EXP_LIMITS[c.format.width])
    reduced = reduce_by_ln2(c, limited)
    mantissa = one_plus(c, exp_minus_one(c, reduced.remainder))
    result = power_of_two(c, reduced.shifted).scale(mantissa)
    return c.builder.function(nan_if(c, c.is_nan(x), result))


@dataclass(frozen=True, slots=True)
class Decomposed:
    """``2**exponent * (1 + f)`` with 1 + f in [sqrt(1/2), sqrt(2))."""

    exponent: Value
    f: Value


SQRT_HALF_BITS = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}


def decompose(c: Context, x: Value) -> Decomposed:
    """Exponent and significand of a positive finite x, subnormal or not; harmless numbers for any other x."""
    f = c.format
    digits = f.fraction + 1
    tiny = c.let("tiny", x < f.least_normal)
    normal = c.let("normal", select(tiny, c.let("magnified", x * 2.0**digits), x))
    # Adding the distance from sqrt(1/2) to 1 carries into the exponent iff the significand is at least sqrt(2).
    sqrt_half = SQRT_HALF_BITS[f.width]
    offset = c.let("offset", f.to_bits(normal) + (f.power_bits(0) - sqrt_half))
    biased = f.scaled_integer(offset >> f.fraction, 0)
    bias = c.let("bias", select(tiny, c.number(float(f.bias + digits)), float(f.bias)))
    exponent = c.let("k", biased - bias)
    m = f.from_bits((offset & f.fraction_mask) + sqrt_half)
    return Decomposed(exponent, c.let("f", m - 1.0))


def log(type_: Scalar) -> Function:
    """The natural logarithm."""
    c = Context.of("log", type_)
    x = c.builder.parameter("x", type_)
    d = decompose(c, x)
    s = c.let("s", d.f / (d.f + 2.0))
    z = c.let("z", s * s)
    half_square = c.let("half_square", d.f * 0.5 * d.f)
    ln2, ln2_low = c.coefficients.ln2_split
    tail = s * (half_square + z * polynomial(c, z, c.coefficients.log)) + d.exponent * ln2_low
    finite = d.exponent * ln2 - ((half_square - tail) - d.f)
    return c.builder.function(_log_special(c, x, finite))


def _log_special(c: Context, x: Value, finite: Value) -> Value:
    f = c.format
    bits = c.let("bits", f.to_bits(x))
    positive = select(bits.equals(f.infinity_bits), f.infinity(), c.let("finite", finite))
    # As unsigned numbers, the bits of NaN and of negative numbers exceed those of infinity.
    not_zero = c.let("not_zero", nan_if(c, bits > f.infinity_bits, positive))
    return select((bits & f.magnitude_mask).equals(0), f.infinity(sign=1), not_zero)
