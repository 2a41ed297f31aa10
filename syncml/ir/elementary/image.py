"""Sound bounds of what an increasing elementary function computes on an interval.

Rule: where the function is monotone as computed, the bounds are its values at the ends, and no bound could be tighter.
Where only the exact function is known to be monotone, a computed value may pass the computed end by the errors of both;
so the ends move outward by twice the certified error, and never beyond the range of the function.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from syncml.ir.constants import dtype
from syncml.ir.elementary.certificate import CERTIFICATES
from syncml.ir.elementary.evaluate import evaluate
from syncml.ir.elementary.functions import function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar

INCREASING = frozenset({Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID})
"""The functions of one argument that increase wherever they are defined."""


def image(op: Op, type_: Scalar, low: float, high: float) -> tuple[float, float]:
    """Bounds of ``function(op, type_)`` on the numbers from ``low`` to ``high``, ends included.

    Raises:
        ValueError: ``op`` is not increasing, an end is no number of ``type_``, or the function is NaN at an end.
    """
    if op not in INCREASING:
        raise ValueError(f"{op.value} is not increasing")
    certificate = CERTIFICATES[op, type_]
    # From a power of two downward, steps are half as long as the unit of the error.
    steps = 0 if certificate.monotone else ceil(4 * certificate.error_ulp)
    least = _moved(_at(op, type_, low), -np.inf, steps)
    greatest = _moved(_at(op, type_, high), np.inf, steps)
    return max(float(least), certificate.low), min(float(greatest), certificate.high)


def _at(op: Op, type_: Scalar, argument: float) -> Any:
    machine = dtype(type_).type(argument)
    value = evaluate(function(op, type_), machine)
    if machine.item() != argument or np.isnan(value):
        raise ValueError(f"{op.value} has no bound at {argument} in {type_}")
    return value


def _moved(value: Any, toward: float, steps: int) -> Any:
    for _ in range(steps):
        value = np.nextafter(value, value.dtype.type(toward))
    return value
