"""A small network of rectified units as an exact formula: the last resort where splitting does not decide.

Rule: over rational numbers, with the weights as they are, ``y`` is what the network computes in real arithmetic and the
program's result is within ``error`` of it; so the constraints are asked of ``y + e`` with ``|e| <= error``. No solution
means that no input violates them as computed. A solution is only a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from syncml.ir.operators import Op
from syncml.verify.networks.crown import bounds
from syncml.verify.networks.layers import Activation, Affine, Network
from syncml.verify.networks.problem import Problem
from syncml.verify.networks.region import Region
from syncml.verify.networks.rounding import Floats
from syncml.verify.smt import Term, z3

LARGEST = 60
"""Networks with at most so many units of unknown sign are tried."""


def decide_exactly(
    network: Network, problem: Problem, low: Floats, high: Floats, seconds: float
) -> Floats | bool | None:
    """True if no input of the box satisfies the problem, a candidate input, or None if the solver does not know."""
    if any(layer.op is not Op.MAX for layer in network.layers if isinstance(layer, Activation)):
        return None
    found = bounds(network, Region.box(low[None], high[None]))
    unstable = sum(int(((lo < 0) & (hi > 0)).sum()) for i, (lo, hi) in enumerate(found.ranges) if i in found.relaxed)
    if unstable > LARGEST or not np.isfinite(found.error).all():
        return None
    solver = z3.SimpleSolver()
    solver.set("timeout", max(1, int(1000 * seconds)))
    inputs = [z3.Real(f"X_{i}") for i in range(network.inputs)]
    for x, least, most in zip(inputs, low, high, strict=True):
        solver.add(_number(least) <= x, x <= _number(most))
    current: Sequence[Term] = inputs
    for i, layer in enumerate(network.layers):
        current = [_named(solver, f"l{i}_{j}", t) for j, t in enumerate(_results(layer, current, found.ranges[i]))]
    for j, y in enumerate(current):
        slackness = z3.Real(f"e_{j}")
        solver.add(-_number(found.error[0, j]) <= slackness, slackness <= _number(found.error[0, j]))
        solver.add(z3.Real(f"Y_{j}") == y + slackness)
    for constraint in problem.case:
        solver.add(_term(constraint.coefficients, constraint.constant) <= 0)
    answer = solver.check()
    if answer == z3.unsat:
        return True
    if answer != z3.sat:
        return None
    model = solver.model()
    return np.array([float(model.eval(x, model_completion=True).as_fraction()) for x in inputs])


def _results(layer: Affine | Activation, current: Sequence[Term], known: tuple[Floats, Floats]) -> list[Term]:
    if isinstance(layer, Affine):
        rows = zip(layer.weight, layer.bias, strict=True)
        return [
            z3.Sum([_number(b), *(_number(w) * x for w, x in zip(row, current, strict=True) if w)]) for row, b in rows
        ]
    zero = z3.RealVal(0)
    return [
        x if least >= 0 else zero if most <= 0 else z3.If(x >= 0, x, zero)
        for x, least, most in zip(current, known[0][0], known[1][0], strict=True)
    ]


def _named(solver: Term, name: str, term: Term) -> Term:
    """A name for a result, so that terms do not grow into each other."""
    variable = z3.Real(name)
    solver.add(variable == term)
    return variable


def _term(coefficients: Mapping[str, Fraction], constant: Fraction) -> Term:
    return z3.Sum([z3.Q(constant.numerator, constant.denominator)] + [
        z3.Q(c.numerator, c.denominator) * z3.Real(name) for name, c in coefficients.items()
    ])  # fmt: skip


def _number(value: float) -> Term:
    exact = Fraction(float(value))
    return z3.Q(exact.numerator, exact.denominator)
