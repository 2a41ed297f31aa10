"""Equalities among numeric states: all linear equations that hold of the states seen so far (Karr's domain).

Rule: the states seen span a space, and the equations are those that vanish on it; a state that breaks one enlarges the
space, which happens at most as often as there are numbers. Bit vectors have equations modulo a power of two. These are
found among the equations over rationals of the states seen: a state at which a sum wraps keeps one that holds modulo
the power, so it is only added where it breaks an equation in that sense, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from syncml.verify.smt import Term, z3

Row: TypeAlias = Sequence[Fraction]
"""A constant, and a factor for each number."""


class Equations:
    """The equations among some ``terms``: integers and reals, or bit vectors of one width."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._modulus = 2 ** terms[0].size() if z3.is_bv(terms[0]) else 0
        self._points: list[list[Fraction]] = []

    def see(self, values: Sequence[int | Fraction]) -> None:
        """Drop the equations that are false of ``values``."""
        point = [Fraction(1), *map(Fraction, values)]
        if not self._modulus or not self._points or any(self._breaks(row, point) for row in self.rows()):
            self._points = _independent([*self._points, point])

    def _breaks(self, row: Sequence[int], point: Row) -> bool:
        return sum((x * y for x, y in zip(row, point, strict=True)), Fraction(0)) % self._modulus != 0

    def rows(self) -> Iterator[tuple[int, ...]]:
        """The equations, by their whole factors; the first one is the constant."""
        for row in _vanishing(self._points):
            if any(row[1:]):
                scale = lcm(*(x.denominator for x in row))
                yield tuple(int(x * scale) for x in row)

    def term(self, row: Sequence[int]) -> Term:
        """An equation as a formula."""
        read = [(t, x) for t, x in zip(self._terms, row[1:], strict=True) if x]
        context = self._terms[0].ctx
        if self._modulus:
            # No factor is negative: a product with one is a product of many bits for a solver.
            constant = z3.BitVecVal(1, self._terms[0].size(), context)
            signed = [(constant, row[0]), *read]
            left, right = ([(t, sign * x) for t, x in signed if sign * x > 0] for sign in (1, -1))
            return _sum(left, constant) == _sum(right, constant)
        real = any(z3.is_real(t) for t, _ in read)
        parts = [z3.RealVal(row[0], context) if real else z3.IntVal(row[0], context)]
        parts += (x * (z3.ToReal(t) if real and z3.is_int(t) else t) for t, x in read)
        return z3.Sum(parts) == 0


def _sum(parts: Sequence[tuple[Term, int]], one: Term) -> Term:
    """The sum of bit vectors with factors."""
    total: Term = None
    for term, factor in parts:
        part = term if factor == 1 else z3.BitVecVal(factor, one.size(), one.ctx) * term
        total = part if total is None else total + part
    return one - one if total is None else total


def grouped(numbers: Sequence[Term]) -> list[list[int]]:
    """Which of some numbers may be in one equation: integers and reals, and bit vectors of each width."""
    groups: dict[Hashable, list[int]] = {}
    for i, term in enumerate(numbers):
        groups.setdefault(term.size() if z3.is_bv(term) else 0, []).append(i)
    return list(groups.values())


def _independent(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The rows that span the same space, in reduced echelon form."""
    rows: list[list[Fraction]] = []
    for point in points:
        row = list(point)
        for other in rows:
            lead = _lead(other)
            if factor := row[lead]:
                row = [a - factor * b for a, b in zip(row, other, strict=True)]
        if any(row):
            head = row[_lead(row)]
            row = [x / head for x in row]
            lead = _lead(row)
            rows = [[a - r[lead] * b for a, b in zip(r, row, strict=True)] if r[lead] else r for r in rows]
            rows.append(row)
    return rows


def _lead(row: Sequence[Fraction]) -> int:
    return next(i for i, x in enumerate(row) if x)


def _vanishing(rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """A basis of the linear forms that vanish on rows in reduced echelon form."""
    if not rows:
        return []
    width = len(rows[0])
    pivots = {_lead(r): r for r in rows}
    result: list[list[Fraction]] = []
    for column in (c for c in range(width) if c not in pivots):
        vector = [Fraction(0)] * width
        vector[column] = Fraction(1)
        for lead, row in pivots.items():
            vector[lead] = -row[column]
        result.append(vector)
    return result
