"""Exact values by mpmath, and errors in units in the last place."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
from mpmath import mp, mpf

from syncml.ir.constants import dtype
from syncml.ir.elementary.formats import FORMATS
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar

TYPES = (F32, F64)
UNARY = (Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS)
BINARY = (Op.ATAN2, Op.POW)

# Enough for the largest arguments: sin of 2**1023 needs 1100 bits.
PRECISION = 1300

EXACT: dict[Op, Callable[..., mpf]] = {
    Op.EXP: mpmath.exp,
    Op.LOG: mpmath.log,
    Op.TANH: mpmath.tanh,
    Op.SIGMOID: lambda x: 1 / (1 + mpmath.exp(-x)),
    Op.SIN: mpmath.sin,
    Op.COS: mpmath.cos,
    Op.ATAN2: mpmath.atan2,
    Op.POW: mpmath.power,
}


def exact(op: Op, *arguments: float) -> mpf:
    with mp.workprec(PRECISION if op in (Op.SIN, Op.COS) else 160):
        return EXACT[op](*map(mpf, map(float, arguments)))


def ulp(value: mpf, type_: Scalar) -> mpf:
    """The unit in the last place of the numbers of ``type_`` around a nonzero ``value``."""
    form = FORMATS[type_]
    exponent = max(mpmath.frexp(value)[1] - 1, 1 - form.bias)
    return mpf(2) ** (exponent - form.fraction)


def error(got: float, want: mpf, type_: Scalar) -> float:
    """The distance in ulp; infinity stands for the least power of two that is too large."""
    form = FORMATS[type_]
    overflow = mpf(2) ** (form.bias + 1)
    number = mpf(float(got)) if np.isfinite(got) else overflow * (1 if got > 0 else -1)
    with mp.workprec(PRECISION):
        return float(abs(number - max(min(want, overflow), -overflow)) / ulp(min(abs(want), overflow / 2), type_))


def bits(value: np.floating) -> int:
    return int(value.view(dtype(FORMATS[Scalar(value.dtype.name.replace("float", "f"))].bits)))
