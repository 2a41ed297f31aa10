"""By how much a comparison of floats is true in every run, as far as ranges show it.

Rule: the slack of ``a <= b`` is the least that ``b`` can be minus the greatest that ``a`` can be, of a conjunction the
least slack of its parts. The ranges are those of machine arithmetic, so what rounding takes is taken already. There is
none to be stated of a property of another form, and of one whose ranges overlap.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import inf, nextafter
from typing import Any

import numpy

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Var
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, element
from syncml.verify.floats.domain import Range, of_constant
from syncml.verify.floats.ranges import Ranges

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

_LESS, _GREATER = (Op.LT, Op.LE), (Op.GT, Op.GE)


def slack(definition: Mapping[Var, Equation], ranges: Ranges, holds: Var) -> float | None:
    """How much may be added to the lesser side of every comparison that a property is a conjunction of."""
    least = inf
    pending: list[Atom] = [holds]
    while pending:
        atom = pending.pop()
        rhs = definition[atom].rhs if isinstance(atom, Var) and atom in definition else None
        if not isinstance(rhs, Apply):
            return None
        if rhs.op in (Op.COPY, Op.AND, Op.ALL, Op.RESHAPE):
            pending += rhs.arguments
        elif rhs.op in (*_LESS, *_GREATER) and element(rhs.arguments[0].type) in FLOATS:
            low, high = rhs.arguments if rhs.op in _LESS else rhs.arguments[::-1]
            least = min(least, _between(_range(ranges, low), _range(ranges, high)))
        else:
            return None
    return least if 0 < least < inf else None


def _range(ranges: Ranges, atom: Atom) -> Range:
    return of_constant(atom, atom.type) if isinstance(atom, Const) else ranges.values[atom]


def _between(low: Range, high: Range) -> float:
    """A bound from below of the distance of two ranges, for all elements; negative where there is none."""
    if not (bool(np.all(low.finite)) and bool(np.all(high.finite))):
        return -inf
    pairs = zip(*(x.reshape(-1).tolist() for x in np.broadcast_arrays(low.high, high.low)), strict=True)
    exact = min((Fraction(y) - Fraction(x) for x, y in pairs), default=Fraction(-1))
    return nextafter(float(exact), -inf) if Fraction(float(exact)) > exact else float(exact)
