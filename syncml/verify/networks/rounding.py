"""Outward rounding: bounds are computed in binary64, and what that rounds away is added to them.

Rule: a sum of ``n`` products, in any order and with or without fused operations, is off by at most ``gamma(n)`` times
the sum of their magnitudes, plus ``n`` times half the least subnormal number (Higham, Accuracy and Stability of
Numerical Algorithms, chapter 3). A magnitude that is itself computed is first raised by `up`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.ir.types import F64, Scalar
from syncml.verify.floats.formats import FORMATS

Floats: TypeAlias = NDArray[np.float64]

UNIT = {scalar: float(known.relative) for scalar, known in FORMATS.items()}
"""Half the distance from 1 to the next number: the largest relative error of one operation."""
TINY = {scalar: 2.0**known.least for scalar, known in FORMATS.items()}
"""The least subnormal number; an error below the normal numbers is at most half of it."""
LARGEST = {scalar: float(known.largest) for scalar, known in FORMATS.items()}
"""The largest finite number."""

_RAISE = 1.0 + 2.0**-40


def gamma(terms: int, scalar: Scalar = F64) -> float:
    """The largest relative error of a sum of ``terms`` products, each operation rounded once in ``scalar``."""
    part = terms * UNIT[scalar]
    return up(part / (1.0 - part))


def up(magnitude: Any) -> Any:
    """No less than the exact value of a magnitude that was computed from magnitudes in a few thousand operations."""
    return magnitude * _RAISE + 2.0**-1000


def below(values: Any) -> Any:
    """The next numbers downward."""
    return np.nextafter(values, -np.inf)


def above(values: Any) -> Any:
    """The next numbers upward."""
    return np.nextafter(values, np.inf)
