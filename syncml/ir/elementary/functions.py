"""The elementary functions by operator and type.

Rule: a function is built once, so that back ends may know it by identity and print it once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from syncml.ir.elementary.exp_log import exp, log
from syncml.ir.elementary.hyperbolic import sigmoid, tanh
from syncml.ir.elementary.power import power
from syncml.ir.elementary.trigonometric import atan2, cos, sin
from syncml.ir.operators import Op
from syncml.ir.step.syntax import Function
from syncml.ir.types import Scalar

_MAKERS: dict[Op, Callable[[Scalar], Function]] = {
    Op.EXP: exp,
    Op.LOG: log,
    Op.TANH: tanh,
    Op.SIGMOID: sigmoid,
    Op.SIN: sin,
    Op.COS: cos,
    Op.ATAN2: atan2,
    Op.POW: power,
}

ELEMENTARY = frozenset(_MAKERS)
"""The operators that are elementary functions."""


@cache
def function(op: Op, type_: Scalar) -> Function:
    """The function that computes ``op`` on ``f32`` or ``f64``; always the same object."""
    return _MAKERS[op](type_)
