"""One case of a specification as numbers: a box of inputs and rows of coefficients of inputs and outputs.

    unsafe  iff  low <= x <= high  and  on_inputs @ x + on_outputs @ y + constants <= 0  in every row

Rule: an end of the box is a literal, which means its decimal in mathematics and the nearest number of the network's
type in the program; the box reaches to both. Rows are rounded so that they only become easier to satisfy.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.constants import dtype
from syncml.ir.types import Scalar
from syncml.verify.networks.rounding import Floats, below, up
from syncml.verify.networks.vnnlib import Case, Constraint


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A case; the rows leave out what bounds an input only."""

    low: Floats
    high: Floats
    on_inputs: Floats
    on_outputs: Floats
    constants: Floats
    case: Case

    @property
    def possible(self) -> bool:
        """Whether any input is in the box."""
        return bool((self.low <= self.high).all())

    def holds(self, x: Floats, y: Floats, scalar: Scalar) -> bool:
        """Whether machine numbers meet all constraints, exactly; literals that bound inputs are rounded to the type."""
        values = {f"X_{i}": Fraction(float(v)) for i, v in enumerate(x)}
        values |= {f"Y_{j}": Fraction(float(v)) for j, v in enumerate(y)}
        return all(_rounded(c, scalar).holds(values) for c in self.case)


def problem(case: Case, inputs: int, outputs: int, scalar: Scalar, path: str) -> Problem:
    """A case as numbers.

    Raises:
        DiagnosticError: D007, an input has no lower or no upper bound.
    """
    low, high = np.full(inputs, -np.inf), np.full(inputs, np.inf)
    rows: list[Constraint] = []
    for constraint in case:
        bound = _bound(constraint)
        if bound is None:
            rows.append(constraint)
            continue
        name, value, is_upper = bound
        i, near = int(name[2:]), float(dtype(scalar).type(float(value)))
        if is_upper:
            high[i] = min(high[i], max(near, np.nextafter(float(value), np.inf)))
        else:
            low[i] = max(low[i], min(near, np.nextafter(float(value), -np.inf)))
    for i in range(inputs):
        if not (np.isfinite(low[i]) and np.isfinite(high[i])):
            side = "lower" if not np.isfinite(low[i]) else "upper"
            message = f"X_{i} has no {side} bound in some case"
            raise DiagnosticError(error("D007", message, Span.point(path), help=f"write (assert (>= X_{i} ...))"))
    on_inputs, on_outputs = np.zeros((len(rows), inputs)), np.zeros((len(rows), outputs))
    constants = np.zeros(len(rows))
    for r, row in enumerate(rows):
        for name, value in row.coefficients.items():
            (on_inputs if name[0] == "X" else on_outputs)[r, int(name[2:])] = float(value)
        constants[r] = below(float(row.constant))
    return Problem(low, high, on_inputs, on_outputs, constants, case)


def slack(problem: Problem, largest_input: Floats, largest_output: Floats) -> Floats:
    """What the rounding of coefficients can change in each row, (boxes, rows)."""
    return up(2.0**-52 * (largest_input @ np.abs(problem.on_inputs).T + largest_output @ np.abs(problem.on_outputs).T))


def _bound(constraint: Constraint) -> tuple[str, Fraction, bool] | None:
    """The input, the bound and whether it is an upper one, if the constraint says no more."""
    if len(constraint.coefficients) != 1:
        return None
    ((name, coefficient),) = constraint.coefficients.items()
    return (name, -constraint.constant / coefficient, coefficient > 0) if name[0] == "X" else None


def _rounded(constraint: Constraint, scalar: Scalar) -> Constraint:
    bound = _bound(constraint)
    if bound is None:
        return constraint
    name, value, is_upper = bound
    near = Fraction(float(dtype(scalar).type(float(value))))
    sign = Fraction(1 if is_upper else -1)
    return Constraint({name: sign}, -sign * near, constraint.strict)
