"""Equations that are linear in the streams of a set.

Rule: ``t = c1 u1 + c2 u2 + ..``, element by element, where each u is a stream of the set or another operand that is
added to them, and no c depends on the set. Sums, differences, products and quotients with others, and choices by a
condition outside of the set are linear; every other operator is taken not to be.
"""

from __future__ import annotations

from collections.abc import Container

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Apply, Atom, Rhs
from syncml.ir.operators import Op


@dataclass(frozen=True, slots=True)
class Term:
    """``atom`` with its sign, times or (``inverse``) divided by ``factor``, where ``condition`` is ``holds``."""

    atom: Atom
    negative: bool = False
    factor: Atom | None = None
    inverse: bool = False
    condition: Atom | None = None
    holds: bool = True


def linear_terms(rhs: Rhs, streams: Container[object]) -> tuple[Term, ...] | None:
    """The terms whose sum ``rhs``, which reads some of ``streams``, is; None where it is not linear in them."""
    if not isinstance(rhs, Apply):
        return None
    match rhs.op, rhs.arguments:
        case Op.COPY, (a,):
            return (Term(a),)
        case Op.NEG, (a,):
            return (Term(a, negative=True),)
        case Op.ADD, (a, b):
            return (Term(a), Term(b))
        case Op.SUB, (a, b):
            return (Term(a), Term(b, negative=True))
        case Op.MUL, (a, b) if b not in streams:
            return (Term(a, factor=b),)
        case Op.MUL, (a, b) if a not in streams:
            return (Term(b, factor=a),)
        case Op.DIV, (a, b) if b not in streams:
            return (Term(a, factor=b, inverse=True),)
        case Op.WHERE, (c, a, b) if c not in streams:
            return (Term(a, condition=c), Term(b, condition=c, holds=False))
        case _:
            return None
