"""pow: 2^(y log2 x) with a logarithm of about twice the precision.

log2: x = 2^k (1 + f), s = f / (2 + f) as a pair, log2(1 + f) = s p(s^2), where the last two steps of Horner's rule run
in pairs. The product with y is a pair; its nearest integer scales the exponential of the rest. The error before
the final rounding is a small fraction of a unit, so exact powers come out exact. The special cases of C99 Annex F
are selections at the end.
"""

from __future__ import annotations

from syncml.ir.constants import dtype
from syncml.ir.elementary.builder import Value, select
from syncml.ir.elementary.exp_log import decompose
from syncml.ir.elementary.kernels import (
    Context,
    Pair,
    clamp,
    constant_pair,
    exp_minus_one,
    fast_two_sum,
    nan_if,
    one_plus,
    pair_product,
    polynomial,
    power_of_two,
    two_product,
)
from syncml.ir.step.syntax import Function
from syncml.ir.types import Scalar

# Beyond these exponents of two the result is 0 or infinity.
EXPONENT_LIMIT = {32: 160.0, 64: 1100.0}
# With any x but 1, an exponent beyond this gives 0 or infinity; limited to it, no product overflows.
Y_LIMIT = {32: 2.0**40, 64: 2.0**72}


def _quotient(c: Context, f: Value) -> Pair:
    """``f / (2 + f)``."""
    divisor = fast_two_sum(c, "divisor", c.number(2.0), f)
    reciprocal = c.let("reciprocal", 1.0 / divisor.high)
    s = c.let("s", f * reciprocal)
    back = two_product(c, "back", s, divisor.high)
    rest = ((f - back.high) - back.low) - s * divisor.low
    return Pair(s, c.let("s_low", rest * reciprocal))


def _log2(c: Context, x: Value) -> Pair:
    """The logarithm to base 2 of a positive finite x."""
    d = decompose(c, x)
    s = _quotient(c, d.f)
    z = pair_product(c, "z", s, s)
    total = Pair(polynomial(c, z.high, c.coefficients.log2), c.number(0.0))
    for number in reversed(c.coefficients.log2_leading):
        coefficient = constant_pair(c, "coefficient", number)
        product = pair_product(c, "term", z, total)
        added = fast_two_sum(c, "series", coefficient.high, product.high)
        total = Pair(added.high, c.let("series_rest", added.low + (coefficient.low + product.low)))
    fractional = pair_product(c, "fractional", s, total)
    added = fast_two_sum(c, "log2", d.exponent, fractional.high)
    return fast_two_sum(c, "log2", added.high, c.let("log2_rest", added.low + fractional.low))


def _bits(c: Context, number: float) -> int:
    """The bits of a positive number."""
    return int(dtype(c.format.scalar).type(number).view(dtype(c.format.bits)))


def _exp2(c: Context, p: Pair) -> Value:
    """``2**p``; 0 or infinity beyond the exponents of the format."""
    limit = EXPONENT_LIMIT[c.format.width]
    limited = clamp(c, p.high, -limit, limit)
    # Beyond the limits the low word could be large; it no longer matters.
    low = c.let("exponent_low", select(c.format.magnitude_bits(p.high) <= _bits(c, limit), p.low, 0.0))
    shifted = c.let("shifted", limited + c.format.shifter)
    rest = c.let("rest", limited - (shifted - c.format.shifter))
    # The low word is up to a unit of the whole exponent, much more than one of the rest; so the pair is made anew.
    fraction = fast_two_sum(c, "fraction", rest, low)
    scaled = pair_product(c, "scaled", fraction, constant_pair(c, "ln2", c.coefficients.ln2))
    return power_of_two(c, shifted).scale(one_plus(c, exp_minus_one(c, scaled)))


def _is_integer(c: Context, magnitude: Value) -> Value:
    """Whether a non-negative float is an integer; infinity counts as one."""
    f = c.format
    unit = 2.0**f.fraction
    rounded = (magnitude + unit) - unit
    large = c.let("large", magnitude >= unit)
    whole = c.let("whole", f.to_bits(rounded).equals(f.to_bits(magnitude)))
    return c.let("integral", large | whole)


def power(type_: Scalar) -> Function:
    """``x`` to the power ``y``."""
    c = Context.of("pow", type_)
    f = c.format
    x, y = c.builder.parameter("x", type_), c.builder.parameter("y", type_)
    x_bits, y_bits = c.let("x_bits", f.magnitude_bits(x)), c.let("y_bits", f.magnitude_bits(y))
    logarithm = _log2(c, c.let("base", f.from_bits(x_bits)))
    y_limited = clamp(c, y, -Y_LIMIT[f.width], Y_LIMIT[f.width])
    product = two_product(c, "product", y_limited, logarithm.high)
    low = c.let("product_rest", product.low + y_limited * logarithm.low)
    finite = _exp2(c, Pair(product.high, low))
    return c.builder.function(_special_cases(c, (x, y), (x_bits, y_bits), finite))


def _special_cases(c: Context, arguments: tuple[Value, Value], bits: tuple[Value, Value], finite: Value) -> Value:
    """C99 F.9.4.4, in order of increasing precedence."""
    f = c.format
    (x, y), (x_bits, y_bits) = arguments, bits
    infinite = c.let("infinite", x_bits.equals(f.infinity_bits))
    zero = c.let("zero", x_bits.equals(0))
    positive = c.let("positive", y > 0.0)
    # Infinity to a positive power, or zero to a negative one, is infinite.
    extreme = c.let("extreme", select(infinite.equals(positive), f.infinity(), 0.0))
    magnitude = c.let("power", select(infinite | zero, extreme, c.let("finite", finite)))

    y_magnitude = c.let("y_magnitude", f.from_bits(y_bits))
    integral = _is_integer(c, y_magnitude)
    half_integral = _is_integer(c, c.let("y_half", y_magnitude * 0.5))
    odd = c.let("odd", integral & ~half_integral)
    sign = c.let("sign", select(odd, c.let("x_sign", f.sign_bit(x)), 0))
    signed = c.let("signed", f.from_bits(f.to_bits(magnitude) | sign))

    negative = c.let("negative", x < 0.0)
    fraction_of_negative = c.let("fractional", negative & ~integral)
    x_finite = c.let("x_finite", x_bits < f.infinity_bits)
    no_real_power = c.let("no_real_power", fraction_of_negative & x_finite)
    x_nan, y_nan = c.let("x_nan", x_bits > f.infinity_bits), c.let("y_nan", y_bits > f.infinity_bits)
    either_nan = c.let("either_nan", x_nan | y_nan)
    valued = c.let("valued", nan_if(c, no_real_power | either_nan, signed))
    x_one, y_zero = c.let("x_one", f.to_bits(x).equals(f.power_bits(0))), c.let("y_zero", y_bits.equals(0))
    return select(x_one | y_zero, 1.0, valued)
