"""Laws on demand: what a model of a linear relaxation gets wrong about products and roundings.

Rule: in the relaxation a product is an unknown ``p``, and a rounding relates ``e`` and ``r`` only by bounds. A model in
which these are not what they stand for breaks one of

    e <= e'  =>  r <= r'                                        roundings to one format are monotone
    0 <= e  =>  |r - e| <= u e + eta                            a rounding is as fine as its result is small
    r <= c - d  or  r = c  or  r >= c + d'                      no number of the format lies next to a literal c
    0 <= x <= x', 0 <= y <= y'  =>  p <= p'                     products of what is not negative are monotone
    (x <= a, y <= b) or (x >= a, y >= b)  =>  p >= b x + a y - a b       tangents at any point (a, b)
    (x <= a, y >= b) or (x >= a, y <= b)  =>  p <= b x + a y - a b
    l <= x <= u  =>  x^2 <= (l + u) x - l u                     secants of a square

which hold for all numbers. So what the relaxation refutes with them is refuted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from syncml.dataclass import dataclass
from syncml.verify.products import Product
from syncml.verify.smt import Term, is_value, value_of, z3
from syncml.verify.system import Nearest

PORTION = 24
"""How many lemmas are taken at a time."""

COARSE = 6
"""Bits of the first tangents and secants."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rounding at an instant."""

    kind: Nearest
    exact: Term
    result: Term


class Laws:
    """The laws that models ask for, ever finer."""

    def __init__(self) -> None:
        self._bits = COARSE

    def roundings(self, model: Any, points: Sequence[Rounding], *, twins: bool) -> list[Term]:
        """Some lemmas about the order and the size of roundings that are false in ``model``; of ``twins`` only."""
        value = _Values(model)
        found = list(_twins(value, points))
        if not twins:
            found += [*_sizes(value, points), *_gaps(value, points)]
            found = found or list(_neighbours(value, points))
        return found[:PORTION]

    def products(self, model: Any, products: Sequence[Product]) -> list[Term]:
        """Some lemmas about the order of products that are false in ``model``."""
        return list(_monotone_products(_Values(model), products))[:PORTION]

    def tangents(self, model: Any, products: Sequence[Product]) -> list[Term]:
        """Some tangents and secants that are false in ``model``, finer each time."""
        value = _Values(model)
        self._bits += 1
        found = (_tangent(value, p, self._bits) for p in products)
        return [lemma for lemma in found if lemma is not None][:PORTION]


class _Values:
    """The numbers of a model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: dict[int, Fraction] = {}

    def __call__(self, term: Term) -> Fraction:
        key = term.get_id()
        if key not in self._known:
            self._known[key] = Fraction(value_of(self._model.eval(term, model_completion=True)))
        return self._known[key]


def _below(lower: Rounding, upper: Rounding) -> Term:
    return z3.Implies(lower.exact <= upper.exact, lower.result <= upper.result)


def _twins(value: _Values, roundings: Sequence[Rounding]) -> Iterator[Term]:
    """The same operation on other operands: equal ones have equal results."""
    shapes: dict[tuple[str, str], list[Rounding]] = {}
    for r in roundings:
        if r.kind.shape:
            shapes.setdefault((r.kind.format, r.kind.shape), []).append(r)
    for group in shapes.values():
        placed = sorted(((value(r.exact), value(r.result), i) for i, r in enumerate(group)))
        for n, (exact, result, i) in enumerate(placed):
            for other, least, j in placed[n + 1 :]:
                if least < result or (other == exact and least != result):
                    yield _below(group[i], group[j])
                    yield _below(group[j], group[i])


def _neighbours(value: _Values, roundings: Sequence[Rounding]) -> Iterator[Term]:
    """Two roundings next to each other that are in the wrong order; there are some if any two are."""
    formats: dict[str, list[tuple[Fraction, Fraction, int, Rounding]]] = {}
    for i, r in enumerate(roundings):
        points = formats.setdefault(r.kind.format, [])
        points.append((value(r.exact), value(r.result), i, r))
        if not r.exact.eq(r.result):
            # A result is a number that the format holds.
            points.append((value(r.result), value(r.result), i, Rounding(r.kind, r.result, r.result)))
    for points in formats.values():
        points.sort(key=lambda p: p[:3])
        for (e, r, _, lower), (f, s, _, upper) in pairwise(points):
            if r > s:
                yield _below(lower, upper)
            elif e == f and r != s:
                yield _below(upper, lower)


def _sizes(value: _Values, roundings: Sequence[Rounding]) -> Iterator[Term]:
    for r in roundings:
        if not r.kind.shape:
            continue
        e, n = value(r.exact), value(r.result) - value(r.exact)
        if abs(n) > Fraction(r.kind.relative) * abs(e) + Fraction(r.kind.tiny):
            size = r.exact if e >= 0 else -r.exact
            bound = _number(Fraction(r.kind.relative), size) * size + _number(Fraction(r.kind.tiny), size)
            noise = r.result - r.exact
            yield z3.Implies(size >= 0, z3.And(noise <= bound, -noise <= bound))


def _gaps(value: _Values, roundings: Sequence[Rounding]) -> Iterator[Term]:
    """A number of a format that is next to a literal, but not the literal."""
    literals: dict[str, dict[Fraction, Rounding]] = {}
    for r in roundings:
        if is_value(r.result) and value(r.result):
            literals.setdefault(r.kind.format, {})[value(r.result)] = r
    for r in roundings:
        if is_value(r.result):
            continue
        x = value(r.result)
        for c, literal in literals.get(r.kind.format, {}).items():
            inner, outer = _spacings(c, Fraction(r.kind.relative))
            below, above = (inner, outer) if c > 0 else (outer, inner)
            if c - below < x < c + above and x != c:
                low, high = _number(c - below, r.result), _number(c + above, r.result)
                yield z3.Or(r.result <= low, r.result == literal.result, r.result >= high)


def _spacings(c: Fraction, half: Fraction) -> tuple[Fraction, Fraction]:
    """The distances from a number to the next ones towards zero, and away from it, above the subnormal ones."""
    power = Fraction(2) ** (abs(c.numerator).bit_length() - c.denominator.bit_length())
    power = power / 2 if power > abs(c) else power
    outer = 2 * half * power
    return (outer / 2 if abs(c) == power else outer), outer


def _monotone_products(value: _Values, products: Sequence[Product]) -> Iterator[Term]:
    placed = [(value(p.left), value(p.right), value(p.result), p) for p in products]
    placed = [p for p in placed if p[0] >= 0 and p[1] >= 0]
    for a, b, found, p in placed:
        for c, d, other, q in placed:
            straight, across = a <= c and b <= d, a <= d and b <= c
            if found > other and (straight or across):
                left, right = (q.left, q.right) if straight else (q.right, q.left)
                ordered = z3.And(p.left >= 0, p.right >= 0, p.left <= left, p.right <= right)
                yield z3.Implies(ordered, p.result <= q.result)


def _tangent(value: _Values, product: Product, bits: int) -> Term | None:
    x, y, p = product.left, product.right, product.result
    a, b, found = value(x), value(y), value(p)
    if found == a * b:
        return None
    if x.eq(y) and found > a * b:
        low, high = _around(a, bits)
        secant = p <= _number(low + high, x) * x - _number(low * high, x)
        return z3.Implies(z3.And(x >= _number(low, x), x <= _number(high, x)), secant)
    a, b = _near(a, bits), _near(b, bits)
    s, t = _number(a, x), _number(b, x)
    plane = t * x + s * y - _number(a * b, x)
    if x.eq(y):
        return p >= plane
    if found < value(x) * value(y):
        return z3.Implies(z3.Or(z3.And(x <= s, y <= t), z3.And(x >= s, y >= t)), p >= plane)
    return z3.Implies(z3.Or(z3.And(x <= s, y >= t), z3.And(x >= s, y <= t)), p <= plane)


def _number(value: Fraction, like: Term) -> Term:
    return z3.RealVal(f"{value.numerator}/{value.denominator}", like.ctx)


def _near(value: Fraction, bits: int) -> Fraction:
    """A number of few digits close to ``value``."""
    if value == 0:
        return value
    unit = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length() - bits)
    return round(value / unit) * unit


def _around(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """Two numbers of few digits, one on each side, closer with more ``bits``."""
    width = (abs(_near(value, 1)) or Fraction(1)) / 2 ** (bits - COARSE + 1)
    middle = _near(value, bits)
    return middle - width, middle + width
