"""tanh and sigmoid: the exponential, combined before it is rounded.

With exp(y) = 2^n (1 + p), the sum 1 + exp(y) = (1 + 2^n) + 2^n p has one rounding less than adding 1 to exp(y).

tanh: below a threshold the odd polynomial x + x^3 p(x^2), above it 1 - 2 / (1 + exp(2 |x|)); then the sign of x.
sigmoid: 1 / (1 + exp(-x)), but exp(x) far below 0, where the sum would overflow and the two are the same number.
"""

from __future__ import annotations

from syncml.ir.elementary.builder import select
from syncml.ir.elementary.kernels import (
    Context,
    clamp,
    exp_minus_one,
    fast_two_sum,
    nan_if,
    one_plus,
    polynomial,
    power_of_two,
    reduce_by_ln2,
    with_sign_of,
)
from syncml.ir.step.syntax import Function
from syncml.ir.types import Scalar

# tanh rounds to 1 from here on.
TANH_LIMIT = {32: 10.0, 64: 20.0}
# exp(x) is 0 below the first, and 1 + exp(-x) is 1 above the second.
SIGMOID_LIMITS = {32: (-105.0, 40.0), 64: (-747.0, 80.0)}
# Below, exp(x) is so small that 1 + exp(x) is 1 to much more than the precision.
SIGMOID_TAIL = {32: -24.0, 64: -48.0}


def tanh(type_: Scalar) -> Function:
    """The hyperbolic tangent."""
    c = Context.of("tanh", type_)
    f = c.format
    x = c.builder.parameter("x", type_)
    magnitude = c.let("magnitude", f.from_bits(f.magnitude_bits(x)))
    a = c.let("limited", select(magnitude < TANH_LIMIT[f.width], magnitude, TANH_LIMIT[f.width]))
    reduced = reduce_by_ln2(c, c.let("twice", a + a))
    p = exp_minus_one(c, reduced.remainder)
    # n is between 0 and 58: the low bits of `shifted` added to the exponent of 1.
    scale = c.let("scale", f.from_bits((f.to_bits(reduced.shifted) << f.fraction) + f.power_bits(0)))
    large = c.let("large", 1.0 - 2.0 / ((scale + 1.0) + scale * (p.high + p.low)))
    square = c.let("square", a * a)
    small = c.let("small", a + a * square * polynomial(c, square, c.coefficients.tanh))
    result = c.let("unsigned", select(a < c.coefficients.tanh_threshold, small, large))
    return c.builder.function(nan_if(c, c.is_nan(x), with_sign_of(c, result, f.sign_bit(x))))


def sigmoid(type_: Scalar) -> Function:
    """The logistic function."""
    c = Context.of("sigmoid", type_)
    x = c.builder.parameter("x", type_)
    width = c.format.width
    limited = clamp(c, x, *SIGMOID_LIMITS[width])
    in_tail = c.let("in_tail", limited < SIGMOID_TAIL[width])
    reduced = reduce_by_ln2(c, c.let("exponent", select(in_tail, limited, -limited)))
    p = exp_minus_one(c, reduced.remainder)
    power = power_of_two(c, reduced.shifted)
    scale = c.let("scale", power.first * power.second)
    # Below 2^n = 1 the sum is exact or 1, and its low word the rest, so the order of the two does not matter.
    whole = fast_two_sum(c, "whole", scale, c.number(1.0))
    body = c.let("body", 1.0 / (whole.high + (scale * (p.high + p.low) + whole.low)))
    tail = c.let("tail", power.scale(one_plus(c, p)))
    return c.builder.function(nan_if(c, c.is_nan(x), select(in_tail, tail, body)))
