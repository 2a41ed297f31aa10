"""Products and comparisons of two streams of integers that stand for real numbers.

Rule: a product is exact in its accumulator and rounded once; a comparison is that of the real numbers, exact for any
two quantisations.
"""

from __future__ import annotations

import operator as operators
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import cast, constant, einsum
from syncml.lang.stream import Stream
from syncml.lang.types import i32, i64
from syncml.nodes.fixed_point import Rounding, multiplier, times
from syncml.nodes.quantised import ACCUMULATOR, Affine, Array, OverflowingError, Quantised, centred, saturated


def contracted(form: str, a: Quantised, b: Quantised, output: Affine) -> Quantised:
    """A contraction of two streams, as of `einsum`: products of ``q - zero_point``, summed and rounded once.

    Raises:
        OverflowingError: a sum of 8-bit products could overflow 32 bits.
    """
    letters, _, result = form.partition("->")
    extents = {
        letter: n
        for own, x in zip(letters.split(","), (a, b), strict=True)
        for letter, n in zip(own, x.shape, strict=True)
    }
    count = int(np.prod([n for letter, n in extents.items() if letter not in result], dtype=np.int64))
    bound = count * a.affine.reach * b.affine.reach
    if bound > ACCUMULATOR and output.bits == 8:
        raise OverflowingError("the product", bound)
    kind: Any = i32 if bound <= ACCUMULATOR else i64
    total = einsum(form, cast(centred(a), kind), cast(centred(b), kind))
    rounding = Rounding.SINGLE if bound <= ACCUMULATOR else Rounding.EXACT
    factor = multiplier(a.affine.scale * b.affine.scale / output.scale, rounding, bound)
    return saturated(times(total, factor, bound), output)


def compare(operator: str, a: Quantised, b: Quantised | Array) -> Stream[Any]:
    """The truth values of ``a < b`` (``lt``), ``le``, ``gt``, ``ge``, ``eq`` or ``ne``, of the real numbers, exactly.

    Integers of one quantisation are compared as they are. Of two, each is multiplied by a part of the quotient of their
    scales, which is one of two integers. A constant becomes the integer that parts the integers in the same way; of
    ``eq`` and ``ne`` it is the nearest one.

    Raises:
        ValueError: the scales are too far apart for integers of 64 bits.
    """
    apply = getattr(operators, operator)
    if not isinstance(b, Quantised):
        return apply(cast(a.values, i32), constant(_parting(operator, a.affine, b), type=i32, name="limit"))
    if a.affine == b.affine:
        return apply(a.values, b.values)
    quotient = Fraction(a.affine.scale) / Fraction(b.affine.scale)
    largest = max(quotient.numerator * a.affine.reach, quotient.denominator * b.affine.reach)
    if largest >= 2**63:
        raise ValueError("the scales of what is compared are too far apart")
    kind: Any = i32 if largest <= ACCUMULATOR else i64
    left, right = cast(centred(a), kind), cast(centred(b), kind)
    return apply(left * quotient.numerator, right * quotient.denominator)


def _parting(operator: str, x: Affine, numbers: Array) -> NDArray[np.int64]:
    """The integer that parts those of ``x`` as each number parts the real numbers."""
    place = np.asarray(numbers, dtype=np.float64) / x.scale + x.zero_point
    round_ = {"lt": np.ceil, "ge": np.ceil, "le": np.floor, "gt": np.floor}.get(operator, np.rint)
    return np.clip(round_(place), x.low - 1, x.high + 1).astype(np.int64)
