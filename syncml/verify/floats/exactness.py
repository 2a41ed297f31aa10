"""Where reals are floats: streams that depend on no rounding.

Rule: a proof over the reals speaks of the machine if, in everything that the clause depends on, no operation rounds or
overflows, and every literal is a number of its type. What floats do then, reals do.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from syncml.ir.constants import Array, Const, exact
from syncml.ir.equations.syntax import Apply, Equation, Fby, Merge, Node, Var, When, atoms
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, element
from syncml.verify.cone import Cones
from syncml.verify.floats.ranges import Ranges


class Exactness:
    """Which clauses of a flat node depend on no rounding."""

    def __init__(self, node: Node, ranges: Ranges) -> None:
        self._cones = Cones(node)
        self._inexact = frozenset(t for e in node.equations for t in e.targets if _rounds(e, ranges))

    def holds(self, var: Var) -> bool:
        """Whether nothing that ``var`` depends on rounds."""
        return not self._cones.of(var) & self._inexact

    def cone(self, var: Var) -> frozenset[Var]:
        """Everything that ``var`` depends on."""
        return self._cones.of(var)


def _rounds(e: Equation, ranges: Ranges) -> bool:
    constants = [a for a in atoms(e.rhs) if isinstance(a, Const)]
    if isinstance(e.rhs, Fby) and e.rhs.init is not None:
        constants.append(e.rhs.init)
    if any(c.element in FLOATS and not _is_held(c) for c in constants):
        return True
    if isinstance(e.rhs, Fby | When | Merge) or not isinstance(e.rhs, Apply):
        return False
    if element(e.target.type) in FLOATS:
        inexact = bool(np.any(ranges.errors[e.target] > 0)) or e.target in ranges.risky
        return inexact or not bool(np.all(ranges.values[e.target].finite)) or e.rhs.op is Op.DIV
    # A comparison with NaN or infinity is none of numbers.
    reads = [a for a in e.rhs.arguments if isinstance(a, Var) and element(a.type) in FLOATS]
    return any(not bool(np.all(ranges.values[a].finite)) for a in reads)


def _is_held(const: Const) -> bool:
    if isinstance(const.value, Array | str):
        return True
    return exact(const.value) == Fraction(float(const.machine()))
