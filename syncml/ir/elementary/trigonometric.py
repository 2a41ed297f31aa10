"""sin, cos and atan2.

sin, cos: after the reduction to a quarter and an angle r of at most pi/4 in two words, one odd and one even
polynomial; the quarter selects which, and the sign.

atan2: t = min(|x|, |y|) / max(|x|, |y|), an odd polynomial for atan on [0, 1], then pi/2 or pi minus that, as the
octant says. On a diagonal the angle is a constant, for infinite points too. The smaller over the larger never
overflows, and a tiny result underflows as the quotient itself does.
"""

from __future__ import annotations

from syncml.ir.elementary.builder import Value, select
from syncml.ir.elementary.kernels import Context, Pair, fast_two_sum, nan_if, polynomial
from syncml.ir.elementary.reduction import reduce_angle
from syncml.ir.step.syntax import Function
from syncml.ir.types import Scalar


def _sine_and_cosine(c: Context, r: Pair) -> tuple[Value, Value]:
    """Both for an angle in [0, pi/4]."""
    k = c.coefficients
    z = c.let("z", r.high * r.high)
    half = c.let("half_square", z * 0.5)
    near_one = c.let("near_one", 1.0 - half)
    sine = r.high + (r.high * z * polynomial(c, z, k.sin) + r.low * near_one)
    rest = z * z * polynomial(c, z, k.cos) - r.high * r.low
    cosine = near_one + (((1.0 - near_one) - half) + rest)
    return sine, cosine


def _sine_of_quarters(c: Context, x: Value, quarters_ahead: int) -> Function:
    """``sin(abs(x) + quarters_ahead * pi/2)``, negated for negative x if no quarters are added."""
    f = c.format
    angle = reduce_angle(c, x)
    sine, cosine = _sine_and_cosine(c, angle.remainder)
    quarter = c.let("quarter_ahead", angle.quarter + quarters_ahead)
    use_cosine = c.let("use_cosine", (quarter & 1).differs(0))
    value = c.let("value", select(use_cosine, c.let("cosine", cosine), c.let("sine", sine)))
    # The angle from the quarter matters with its sign to the odd polynomial only.
    flips = (quarter >> 1) ^ select(use_cosine, 0, angle.negative)
    sign = (flips.convert(f.bits) if f.width == 32 else flips) << (f.width - 1)
    if not quarters_ahead:
        sign = sign ^ f.sign_bit(x)
    signed = f.from_bits(f.to_bits(value) ^ sign)
    not_finite = f.magnitude_bits(x) >= f.infinity_bits
    return c.builder.function(nan_if(c, not_finite, signed))


def sin(type_: Scalar) -> Function:
    """The sine of radians."""
    c = Context.of("sin", type_)
    return _sine_of_quarters(c, c.builder.parameter("x", type_), 0)


def cos(type_: Scalar) -> Function:
    """The cosine of radians."""
    c = Context.of("cos", type_)
    return _sine_of_quarters(c, c.builder.parameter("x", type_), 1)


def atan2(type_: Scalar) -> Function:
    """The angle of the point (x, y); signed zeros and infinities as in C99 Annex F."""
    c = Context.of("atan2", type_)
    f, k = c.format, c.coefficients
    y, x = c.builder.parameter("y", type_), c.builder.parameter("x", type_)
    y_bits, x_bits = c.let("y_bits", f.magnitude_bits(y)), c.let("x_bits", f.magnitude_bits(x))
    steep = c.let("steep", y_bits > x_bits)
    left = c.let("left", f.sign_bit(x).differs(0))
    not_origin = c.let("not_origin", y_bits.differs(0))
    same = c.let("same", y_bits.equals(x_bits))
    diagonal = c.let("diagonal", same & not_origin)
    t = c.let("t", _ratio(c, y_bits, x_bits, steep, same))
    z = c.let("z", t * t)
    tail = t * z * polynomial(c, z, k.atan)
    # The angle is base + t + tail, or base - t - tail where the octant runs backward.
    backward = c.let("backward", select(steep.differs(left), x_bits.same_type(f.sign_mask), 0))
    base, base_low = (_base_angle(c, word, steep, left, diagonal) for word in (0, 1))
    signed_t = c.let("signed_t", f.from_bits(f.to_bits(t) ^ backward))
    signed_tail = f.from_bits(f.to_bits(tail) ^ backward)
    total = fast_two_sum(c, "angle", base, signed_t)
    magnitude = total.high + (signed_tail + (total.low + base_low))
    signed = f.from_bits(f.to_bits(magnitude) | f.sign_bit(y))
    y_nan, x_nan = c.let("y_nan", y_bits > f.infinity_bits), c.let("x_nan", x_bits > f.infinity_bits)
    return c.builder.function(nan_if(c, y_nan | x_nan, signed))


def _base_angle(c: Context, word: int, steep: Value, left: Value, diagonal: Value) -> Value:
    """Word 0 or 1 of the angle that a vanishing quotient stands for: the axis, or the diagonal."""
    k = c.coefficients
    straight = c.let("straight", select(left, k.pi[word], c.number(0.0)))
    on_axis = c.let("on_axis", select(steep, k.half_pi[word], straight))
    on_diagonal = c.let("on_diagonal", select(left, k.three_quarter_pi[word], c.number(k.half_pi[word] / 2)))
    return c.let("base", select(diagonal, on_diagonal, on_axis))


def _ratio(c: Context, y_bits: Value, x_bits: Value, steep: Value, same: Value) -> Value:
    """The smaller magnitude over the larger; 0 for equal ones, which include two zeros and two infinities."""
    f = c.format
    least, greatest = c.let("least", select(steep, x_bits, y_bits)), c.let("greatest", select(steep, y_bits, x_bits))
    smaller = c.let("smaller", f.from_bits(select(same, 0, least)))
    larger = c.let("larger", f.from_bits(select(same, f.power_bits(0), greatest)))
    return smaller / larger
