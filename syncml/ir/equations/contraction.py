"""How far a recurrence forgets: a proved bound on what a look ahead that is cut after K instants changes.

Judgement: let p be the vector of the look aheads of a segment, f the streams that they read at the next instant, so
that ``p(n) = f(p(n+1))`` within the segment. Let M be a matrix with ``|f(p) - f(q)| <= M |p - q|`` in each component
(the greatest element of a tensor counts), and c a bound on f(0). If in each group of look aheads that need each other
the greatest row sum of M is less than 1, then |p| has the bound b that is the greater one of the init and of
``(c + what other groups add) / (1 - row sum)``; a p that starts with its init after K instants differs by at most
``M^K (b + |init|)``, and a stream with slopes s by s times that. (Banach's fixed point, in the sup norm.)

M and c are computed from the equations, in exact arithmetic: `slopes` and `interval` have a rule for each operator
that is a contraction or a known multiple, and for others no bound. They hold for the mathematical functions: rounding
is not included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Post, Var, When
from syncml.ir.graphs import components
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, element, shape
from syncml.lazy import numpy as np

Interval: TypeAlias = tuple[Fraction | None, Fraction | None]
"""Bounds; None where there is none."""

Slopes: TypeAlias = Mapping[Var, Fraction]
"""For each look ahead the most that a stream changes with it."""

OPEN: Interval = (None, None)
PARTS = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.RESHAPE, Op.TRANSPOSE})
WHOLES = frozenset({Op.STACK, Op.CONCAT})
BOUNDED: Mapping[Op, Interval] = {
    Op.TANH: (Fraction(-1), Fraction(1)),
    Op.SIN: (Fraction(-1), Fraction(1)),
    Op.COS: (Fraction(-1), Fraction(1)),
    Op.SIGMOID: (Fraction(0), Fraction(1)),
}
STEEPEST = {Op.TANH: Fraction(1), Op.SIN: Fraction(1), Op.COS: Fraction(1), Op.SIGMOID: Fraction(1, 4)}


class NoBoundError(Exception):
    """No bound is known, because of ``var``: what it is, as a part of a sentence."""

    def __init__(self, var: Var, what: str) -> None:
        super().__init__(what)
        self.var = var
        self.what = what


@dataclass(frozen=True, slots=True)
class Contraction:
    """The greatest row sum of a group, and for each asked stream the greatest error."""

    factor: Fraction
    error: Fraction


def contraction(
    definitions: Mapping[Var, Equation], ahead: Mapping[Var, int], taken: Iterable[Var], lag: int
) -> Contraction:
    """What cutting the look aheads of the streams ``ahead`` after ``lag`` instants changes in those ``taken``.

    Raises:
        NoBoundError: a slope or an operand has no known bound, or a group is no contraction.
    """
    bounds = _Bounds(definitions, ahead)
    posts = {v: e.rhs for v in ahead if isinstance((e := definitions[v]).rhs, Post)}
    numbers = {v: k for k, v in enumerate(posts)}
    rows: list[dict[int, Fraction]] = []
    for post in posts.values():
        rows.append({numbers[v]: s for v, s in bounds.slopes(post.following).items() if s})
    names = list(posts)
    size = [Fraction(0)] * len(names)
    start: list[Fraction] = []
    for var, post in posts.items():
        if isinstance(post.init, Var) and post.init in ahead:
            raise NoBoundError(var, "its value at the end needs the future itself")
        start.append(bounds.magnitude(post.init, var))
    factor = Fraction(0)
    for group in components([list(row) for row in rows]):
        sums = [sum((rows[k].get(m, Fraction(0)) for m in group), Fraction(0)) for k in group]
        if max(sums) >= 1:
            worst = names[group[sums.index(max(sums))]]
            raise NoBoundError(worst, f"the recurrence may grow by a factor of {float(max(sums)):.4g} in an instant")
        factor = max(factor, *sums)
        most = Fraction(0)
        for k in group:
            other = sum((s * size[m] for m, s in rows[k].items() if m not in group), Fraction(0))
            most = max(most, bounds.magnitude(posts[names[k]].following, names[k]) + other)
        for k in group:
            size[k] = max(most / (1 - max(sums)), *(start[m] for m in group))
    errors = [a + b for a, b in zip(size, start, strict=True)]
    for _ in range(lag):
        errors = [sum((s * errors[m] for m, s in row.items()), Fraction(0)) for row in rows]
    worst_error = Fraction(0)
    for var in taken:
        slopes = bounds.slopes(var)
        worst_error = max(worst_error, sum((s * errors[numbers[v]] for v, s in slopes.items()), Fraction(0)))
    return Contraction(factor, worst_error)


class _Bounds:
    """Slopes and intervals of streams, the look aheads being 0."""

    def __init__(self, definitions: Mapping[Var, Equation], ahead: Mapping[Var, int]) -> None:
        self._definitions = definitions
        self._ahead = ahead
        self._slopes: dict[Var, Slopes] = {}
        self._intervals: dict[Var, Interval] = {}

    def magnitude(self, atom: Atom, about: Var) -> Fraction:
        """The greatest |atom|."""
        low, high = self.interval(atom)
        if low is None or high is None:
            cause = self._cause(atom)
            name = f"`{cause.name}`" if isinstance(cause, Var) and cause.user else "what is computed here"
            raise NoBoundError(about, f"{name} has no known bound")
        return max(-low, high)

    def _cause(self, atom: Atom) -> Atom:
        """The first stream without a bound of which no operand is to blame."""
        equation = self._definitions.get(atom) if isinstance(atom, Var) else None
        if equation is not None and isinstance(equation.rhs, Apply):
            for operand in equation.rhs.arguments:
                if None in self.interval(operand):
                    return self._cause(operand)
        return atom

    def slopes(self, atom: Atom) -> Slopes:
        """How much a stream changes with each look ahead at the same instant."""
        if not isinstance(atom, Var) or atom not in self._ahead:
            return {}
        if atom not in self._slopes:
            self._slopes[atom] = self._slopes_of(atom)
        return self._slopes[atom]

    def _slopes_of(self, var: Var) -> Slopes:
        rhs = self._definitions[var].rhs
        if isinstance(rhs, Post):
            return {var: Fraction(1)}
        if not isinstance(rhs, Apply) or element(var.type) not in FLOATS:
            raise NoBoundError(var, "it is not known how much this changes with what comes later")
        arguments = rhs.arguments
        moving = [a for a in arguments if isinstance(a, Var) and a in self._ahead]
        match rhs.op:
            case Op.NEG | Op.ABS:
                return self.slopes(arguments[0])
            case op if op in PARTS:
                return self.slopes(arguments[0])
            case Op.TANH | Op.SIN | Op.COS | Op.SIGMOID:
                return _times(STEEPEST[rhs.op], self.slopes(arguments[0]))
            case Op.ADD | Op.SUB:
                return _added(*map(self.slopes, arguments))
            case Op.MIN | Op.MAX:
                return _greatest(*map(self.slopes, arguments))
            case op if op in WHOLES:
                return _greatest(*map(self.slopes, arguments))
            case Op.WHERE if arguments[0] not in moving:
                return _greatest(*map(self.slopes, arguments[1:]))
            case Op.MUL if len(moving) == 1:
                other = arguments[1] if arguments[0] is moving[0] else arguments[0]
                return _times(self.magnitude(other, var), self.slopes(moving[0]))
            case Op.DIV if isinstance(arguments[1], Const) and (least := _least(arguments[1])):
                return _times(1 / least, self.slopes(arguments[0]))
            case Op.MATMUL if len(moving) == 1 and (norm := _norm(arguments)) is not None:
                return _times(norm, self.slopes(moving[0]))
            case _:
                raise NoBoundError(var, "it is not known how much this changes with what comes later")

    def interval(self, atom: Atom) -> Interval:
        """Bounds of a stream, element by element."""
        if isinstance(atom, Const):
            return _range(atom)
        if atom not in self._intervals:
            # What depends on itself by way of a delay has no bound that is seen here.
            self._intervals[atom] = OPEN
            self._intervals[atom] = self._interval_of(atom)
        return self._intervals[atom]

    def _interval_of(self, var: Var) -> Interval:
        if element(var.type) is BOOL:
            return Fraction(0), Fraction(1)
        equation = self._definitions.get(var)
        if equation is None or element(var.type) not in FLOATS:
            return OPEN
        match equation.rhs:
            case Post() if var in self._ahead:
                return Fraction(0), Fraction(0)
            case When(source):
                return self.interval(source)
            case Merge(_, branches):
                return _hull([self.interval(atom) for _, atom in branches])
            case Fby(Const() as init, following):
                return _hull([self.interval(init), self.interval(following)])
            case Apply():
                return self._applied(equation.rhs)
            case _:
                return OPEN

    def _applied(self, rhs: Apply) -> Interval:
        found = [self.interval(a) for a in rhs.arguments]
        if rhs.op in BOUNDED:
            return BOUNDED[rhs.op]
        if rhs.op in PARTS:
            return found[0]
        if rhs.op in WHOLES:
            return _hull(found)
        match rhs.op:
            case Op.WHERE:
                return _hull(found[1:])
            case Op.NEG:
                return _negated(found[0])
            case Op.ADD:
                return _sum(found[0], found[1])
            case Op.SUB:
                return _sum(found[0], _negated(found[1]))
            case Op.MUL:
                return _product(found[0], found[1])
            case Op.DIV if isinstance(rhs.arguments[1], Const) and (least := _least(rhs.arguments[1])):
                return _product(found[0], (-1 / least, 1 / least))
            case Op.ABS:
                low, high = found[0]
                return Fraction(0), None if low is None or high is None else max(-low, high)
            case Op.MIN:
                return _smaller(found[0], found[1])
            case Op.MAX:
                return _negated(_smaller(_negated(found[0]), _negated(found[1])))
            case Op.CAST if element(rhs.arguments[0].type) is BOOL:
                return found[0]
            case _:
                return OPEN


def _range(constant: Const) -> Interval:
    if element(constant.type) is BOOL:
        return Fraction(0), Fraction(1)
    values = np.asarray(constant.machine(), np.float64)
    if element(constant.type) not in FLOATS or not values.size or not np.isfinite(values).all():
        return OPEN
    return Fraction(float(values.min())), Fraction(float(values.max()))


def _least(constant: Const) -> Fraction | None:
    """The least magnitude of the elements."""
    low, high = _range(constant)
    if low is None or high is None:
        return None
    return Fraction(float(np.abs(np.asarray(constant.machine(), np.float64)).min()))


def _norm(arguments: tuple[Atom, ...]) -> Fraction | None:
    """The norm that a constant matrix has on the other factor, whose greatest element counts."""
    left, right = arguments
    constant = left if isinstance(left, Const) else right
    if not isinstance(constant, Const) or len(shape(constant.type)) > 2 or _range(constant) == OPEN:
        return None
    values = np.abs(np.asarray(constant.machine(), np.float64))
    # Of the left factor its last axis is summed over, of the right one its first.
    rows = values.reshape(-1, values.shape[-1]) if constant is left else values.reshape(values.shape[0], -1).T
    return max(sum((Fraction(float(v)) for v in row), Fraction(0)) for row in rows)


def _hull(intervals: list[Interval]) -> Interval:
    lows, highs = [low for low, _ in intervals], [high for _, high in intervals]
    return _least_of(lows), _greatest_of(highs)


def _least_of(bounds: list[Fraction | None]) -> Fraction | None:
    known = [b for b in bounds if b is not None]
    return min(known) if len(known) == len(bounds) else None


def _greatest_of(bounds: list[Fraction | None]) -> Fraction | None:
    known = [b for b in bounds if b is not None]
    return max(known) if len(known) == len(bounds) else None


def _smaller(one: Interval, other: Interval) -> Interval:
    """Bounds of the smaller of two values: one upper bound is enough."""
    highs = [h for h in (one[1], other[1]) if h is not None]
    return _least_of([one[0], other[0]]), min(highs, default=None)


def _negated(interval: Interval) -> Interval:
    low, high = interval
    return None if high is None else -high, None if low is None else -low


def _sum(one: Interval, other: Interval) -> Interval:
    low = None if one[0] is None or other[0] is None else one[0] + other[0]
    high = None if one[1] is None or other[1] is None else one[1] + other[1]
    return low, high


def _product(one: Interval, other: Interval) -> Interval:
    corners: list[Fraction] = []
    for left in one:
        for right in other:
            if left is None or right is None:
                return OPEN
            corners.append(left * right)
    return min(corners), max(corners)


def _times(factor: Fraction, slopes: Slopes) -> Slopes:
    return {v: factor * s for v, s in slopes.items()}


def _added(*parts: Slopes) -> Slopes:
    return {v: sum((p.get(v, Fraction(0)) for p in parts), Fraction(0)) for part in parts for v in part}


def _greatest(*parts: Slopes) -> Slopes:
    return {v: max(p.get(v, Fraction(0)) for p in parts) for part in parts for v in part}
