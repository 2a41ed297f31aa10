"""Powers with a small integer exponent are products.

Rule: ``x ** n`` for a literal ``n`` from 1 to 8 is ``x * x * ... * x`` from the left, whose roundings are plain and
which keeps proofs polynomial; any other power is the elementary function.
"""

from __future__ import annotations

from syncml.ir.operators import Op
from syncml.lang.operations import apply_at, value_of
from syncml.lang.source import here, inner
from syncml.lang.trace import Value, trace_at

GREATEST_PRODUCT = 8


def power(base: object, exponent: object) -> Value:
    """``base ** exponent``."""
    place = here()
    trace = trace_at(place, "`**`")
    factor = value_of(base, place)
    if type(exponent) is not int or not 1 <= exponent <= GREATEST_PRODUCT:
        return apply_at(place, trace, Op.POW, [factor, value_of(exponent, place)])
    if exponent == 1:
        return apply_at(place, trace, Op.COPY, [factor], role="pow")
    product = factor
    for step in range(2, exponent + 1):
        product = apply_at(place if step == exponent else inner(place), trace, Op.MUL, [product, factor], role="pow")
    return product
