"""What is known of each elementary function: its largest error, its range, whether it is monotone.

Rule: an error bound is in units in the last place of the exact result (of the least subnormal number, where that is
subnormal) and holds for all arguments. For ``f32`` functions of one argument it was found by trying every argument;
elsewhere by sampling, and then the bound stated leaves a margin over the largest error seen. ``make exhaustive``
measures all of it again. Ranges speak of results that are numbers; they follow from the way the result is computed
and hold for all arguments, infinities included.
"""

from __future__ import annotations

from enum import Enum
from math import inf

from syncml.dataclass import dataclass
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar


class Evidence(Enum):
    """How an error bound was found."""

    EVERY_INPUT = "every input"
    SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts of one function on one type."""

    error_ulp: float
    evidence: Evidence
    low: float
    high: float
    monotone: bool
    """No greater argument has a lesser result. Where False, order holds between exact values only, so that
    two results may be out of order by twice the error."""


_PI_F32 = float.fromhex("0x1.921fb6p+1")
_PI_F64 = float.fromhex("0x1.921fb54442d18p+1")


def _checked(error_ulp: float, low: float, high: float, *, monotone: bool) -> Certificate:
    return Certificate(error_ulp, Evidence.EVERY_INPUT, low, high, monotone)


def _sampled(error_ulp: float, low: float, high: float) -> Certificate:
    return Certificate(error_ulp, Evidence.SAMPLED, low, high, monotone=False)


CERTIFICATES: dict[tuple[Op, Scalar], Certificate] = {
    (Op.EXP, F32): _checked(0.78, 0.0, inf, monotone=True),
    (Op.LOG, F32): _checked(0.84, -inf, inf, monotone=True),
    (Op.TANH, F32): _checked(1.04, -1.0, 1.0, monotone=True),
    (Op.SIGMOID, F32): _checked(1.69, 0.0, 1.0, monotone=True),
    (Op.SIN, F32): _checked(0.79, -1.0, 1.0, monotone=False),
    (Op.COS, F32): _checked(0.79, -1.0, 1.0, monotone=False),
    (Op.ATAN2, F32): _sampled(1.75, -_PI_F32, _PI_F32),
    (Op.POW, F32): _sampled(1.0, -inf, inf),
    (Op.EXP, F64): _sampled(1.0, 0.0, inf),
    (Op.LOG, F64): _sampled(1.0, -inf, inf),
    (Op.TANH, F64): _sampled(1.25, -1.0, 1.0),
    (Op.SIGMOID, F64): _sampled(1.9, 0.0, 1.0),
    (Op.SIN, F64): _sampled(1.0, -1.0, 1.0),
    (Op.COS, F64): _sampled(1.0, -1.0, 1.0),
    (Op.ATAN2, F64): _sampled(1.75, -_PI_F64, _PI_F64),
    (Op.POW, F64): _sampled(1.0, -inf, inf),
}
"""The facts of every elementary function on every type."""
