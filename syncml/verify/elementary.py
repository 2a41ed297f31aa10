"""What a proof may assume about an elementary function: ranges, signs, simple bounds and monotonicity.

Rule: each fact holds for the real function at every real argument, so a proof that uses it is sound for the ideal
semantics; nothing is claimed outside of the domain of the function.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.diagnostics.model import InternalFault
from syncml.ir.operators import Op
from syncml.verify.smt import Term, z3

_MONOTONE = frozenset({Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID})
_PAIRS = 6
"""Monotonicity is stated between an application and this many before it: the number of facts is quadratic."""


def facts_of(op: Op, x: tuple[Term, ...], r: Term, previous: Sequence[tuple[Term, ...]]) -> list[Term]:
    """Facts about ``r = op(x)``, given ``previous`` applications ``(*arguments, result)`` of the same function."""
    facts = _range(op, x, r)
    for *arguments, result in previous[-_PAIRS:]:
        if op in _MONOTONE:
            domain = _domain(op, x[0]) + _domain(op, arguments[0])
            facts += [
                z3.Implies(z3.And(*domain, x[0] <= arguments[0]), r <= result),
                z3.Implies(z3.And(*domain, x[0] >= arguments[0]), r >= result),
            ]
        else:
            same = z3.And([a == b for a, b in zip(x, arguments, strict=True)])
            facts.append(z3.Implies(same, r == result))
    return facts


def _domain(op: Op, x: Term) -> list[Term]:
    match op:
        case Op.SQRT:
            return [x >= 0]
        case Op.LOG:
            return [x > 0]
        case _:
            return []


def _range(op: Op, x: tuple[Term, ...], r: Term) -> list[Term]:
    a = x[0]
    match op:
        case Op.SQRT:
            return [z3.Implies(a >= 0, z3.And(r >= 0, r * r == a))]
        case Op.EXP:
            return [r > 0, r >= a + 1, z3.Implies(a <= 0, r <= 1), (a == 0) == (r == 1)]
        case Op.LOG:
            return [z3.Implies(a > 0, z3.And(r <= a - 1, (a >= 1) == (r >= 0), (a == 1) == (r == 0)))]
        case Op.TANH:
            return [r > -1, r < 1, (a >= 0) == (r >= 0), (a == 0) == (r == 0),
                    z3.Implies(a >= 0, r <= a), z3.Implies(a <= 0, r >= a)]  # fmt: skip
        case Op.SIGMOID:
            return [r > 0, r < 1, (a >= 0) == (r >= z3.RealVal("1/2")), (a == 0) == (r == z3.RealVal("1/2"))]
        case Op.SIN:
            return [r >= -1, r <= 1, z3.Implies(a >= 0, r <= a), z3.Implies(a <= 0, r >= a), z3.Implies(a == 0, r == 0)]
        case Op.COS:
            return [r >= -1, r <= 1, z3.Implies(a == 0, r == 1)]
        case Op.ATAN2:
            pi = z3.RealVal("3.1415926536")
            return [r >= -pi, r <= pi, z3.Implies(a > 0, r > 0), z3.Implies(a < 0, r < 0)]
        case Op.POW:
            return [z3.Implies(a > 0, r > 0), z3.Implies(x[1] == 0, r == 1), z3.Implies(x[1] == 1, r == a),
                    z3.Implies(a == 1, r == 1), z3.Implies(x[1] == 2, r == a * a)]  # fmt: skip
        case _:
            raise InternalFault(f"{op.value} is no elementary function")
