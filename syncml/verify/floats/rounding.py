"""Rounding as terms: an operation on floats is its exact result plus a bounded error.

Rule: with ``e`` the exact result of machine operands, the machine result is ``r = e + n`` for some ``n`` with

    -D <= n <= D                        where intervals bound the result: D from `ranges`
    |n| <= u |e| + eta                  in any case, linear where the sign of the result is known
    e >= 0 => r >= 0, e <= 0 => r <= 0  rounding keeps the sign
    |e| < 2^(grid + precision) => n = 0 multiples of 2^grid are held up to there
    low <= r <= high                    the range of the result

    e <= e' => r <= r'                  rounding is monotone, and what the format holds is its own result: see `points`

and ``r = e`` where the operation is exact (a sum of small integers, a product with a power of two). All of it holds as
long as the operation does not overflow; where it may, the facts are stated under the condition that it does not, and
otherwise ``r`` is any number. So a run of the machine up to the first operation that overflows is a run of this system,
in which the condition of that operation is false. The conditions are goals of their own, and a proof counts if those
that it depends on are proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from fractions import Fraction
from math import isfinite, prod
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const
from syncml.ir.elementary.certificate import CERTIFICATES
from syncml.ir.equations.syntax import Apply, Equation, Var
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, Element, Scalar, element, shape
from syncml.ir.typing_rules import contraction
from syncml.verify.encoding import Encoder
from syncml.verify.floats.formats import FORMATS, machine_number
from syncml.verify.floats.ranges import Ranges
from syncml.verify.floats.transfer import ROUNDING
from syncml.verify.smt import Term, is_value, z3
from syncml.verify.system import Nearest
from syncml.verify.terms import Terms, array_of

_WIDE = 4096.0
"""A range that reaches further than this was hardly found by intervals; then the error is that of the value itself."""

_FINE = 20
"""On grids finer than this many binary places exactness is not followed by the solver."""

CORRECT = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.CAST, Op.SQRT})
"""The operators whose result is the number nearest to the exact one."""

REDUCTIONS = frozenset({Op.SUM, Op.MATMUL, Op.EINSUM})
_LARGEST_EXPONENTS = {Scalar.F32: 88, Scalar.F64: 709}
"""Up to these the exponential is finite."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Turns exact results into machine results.

    Attributes:
        ranges: What intervals know of the node.
        define: Gives a real term a name, so that several facts can speak of it.
        safe: Where an operation may overflow: for each element the condition that it does not.
    """

    ranges: Ranges
    encoder: Encoder
    define: Callable[[str, Term], Term]
    safe: dict[Var, Terms]
    literals: set[tuple[Scalar, Fraction]] = field(default_factory=set[tuple[Scalar, Fraction]])
    _points: list[Nearest] = field(default_factory=list[Nearest])

    def points(self) -> Sequence[Nearest]:
        """Each operation that is rounded correctly, unless it may overflow, and each number that its format holds.

        That is an input, a register, a literal, any other result.
        """
        literals = [
            Nearest(str(kind), z, z, "", str(FORMATS[kind].relative))
            for kind, number in sorted(self.literals)
            for z in (_numeral(number).sexpr(),)
        ]  # fmt: skip
        return [*self._points, *literals]

    def _point(self, rhs: Apply, exact: Term, result: Term, kind: Scalar) -> None:
        shape_ = f"{rhs.op.value}({', '.join('_' if isinstance(a, Var) else str(a.machine()) for a in rhs.arguments)})"
        # A sum has no error below the normal range: it is a multiple of the least subnormal number.
        tiny = Fraction(0) if rhs.op in (Op.ADD, Op.SUB) else FORMATS[kind].tiny
        factors = {Op.MUL: rhs.arguments, Op.DIV: rhs.arguments[1:]}.get(rhs.op, ())
        shifts = any(isinstance(a, Const) and _is_power(machine_number(a)) for a in factors)
        relative = Fraction(0) if shifts else FORMATS[kind].relative
        self._points.append(Nearest(str(kind), exact.sexpr(), result.sexpr(), shape_, str(relative), str(tiny)))

    def _holds(self, number: Term, kind: Element) -> None:
        """The format holds a number."""
        assert isinstance(kind, Scalar)
        self._points.append(Nearest(str(kind), number.sexpr(), number.sexpr(), "", str(FORMATS[kind].relative)))

    def known(self, var: Var, terms: Terms) -> None:
        """State the range of a float stream."""
        kind = element(var.type)
        if kind not in FLOATS:
            return
        value = self.ranges.values[var]
        for place in np.ndindex(*shape(var.type)):
            if bool(value.finite[place]):
                self._holds(terms[place], kind)
                low, high = _numeral(value.low[place]), _numeral(value.high[place])
                self.encoder.fact(z3.And(low <= terms[place], terms[place] <= high))

    def result(self, equation: Equation, exact: Terms, arguments: tuple[Terms, ...]) -> Terms:
        """The machine result of an equation, from the exact one."""
        target, rhs = equation.target, equation.rhs
        kind = element(target.type)
        if isinstance(rhs, Apply):
            self._literals(rhs)
        if not isinstance(rhs, Apply) or rhs.op not in ROUNDING or not isinstance(kind, Scalar) or kind not in FLOATS:
            return exact
        weights = self._weights(rhs, arguments, target) if self._unbounded(target) else None
        operands = np.broadcast_arrays(*arguments) if rhs.op not in REDUCTIONS else None
        items: list[Term] = []
        conditions: list[Term] = []
        for place in np.ndindex(*shape(target.type)):
            at = [o[place] for o in operands] if operands is not None else []
            weight = None if weights is None else weights[place]
            result, safe = self._rounded(target, place, exact[place], rhs, at, weight, kind)
            items.append(result)
            conditions.append(safe)
        if target in self.ranges.risky:
            self.safe[target] = array_of(conditions, shape(target.type))
        return array_of(items, shape(target.type))

    def _literals(self, rhs: Apply) -> None:
        for atom in rhs.arguments:
            if isinstance(atom, Const) and atom.element in FLOATS and not isinstance(atom.value, Array):
                self.literals.add((atom.element, machine_number(atom)))

    def _unbounded(self, target: Var) -> bool:
        return not bool(np.all(np.isfinite(self.ranges.errors[target])))

    def _weights(self, rhs: Apply, arguments: tuple[Terms, ...], target: Var) -> Terms | None:
        """The sum of the magnitudes of what a reduction adds up."""
        if rhs.op not in REDUCTIONS:
            return None
        magnitudes = tuple(array_of([_magnitude(x) for x in a.flat], a.shape) for a in arguments)
        types = tuple(a.type for a in rhs.arguments)
        return self.encoder.apply(rhs.op, magnitudes, types, rhs.attribute, target.type)

    def _rounded(
        self, target: Var, place: tuple[int, ...], exact: Term, rhs: Apply, at: list[Term], weight: Term | None,
        kind: Scalar,
    ) -> tuple[Term, Term]:  # fmt: skip
        error = float(self.ranges.errors[target][place])
        suffix = f"[{','.join(map(str, place))}]" if place else ""
        yes = z3.BoolVal(True)
        risky = target in self.ranges.risky and not bool(self.ranges.values[target].finite[place])
        if error == 0 and not risky:
            if bool(self.ranges.values[target].finite[place]) and not is_value(exact):
                self._holds(z3.Real(f"${target.name}{suffix}"), kind)
            return exact, yes
        name = f"${target.name}{suffix}!exact"
        e = self.define(name, exact)
        if error == 0:
            safe = self._condition(rhs.op, e, at, weight, kind)
            return z3.If(safe, e, self.encoder.fresh("Real")), safe
        noise = self.encoder.fresh("Real")
        result = e + noise
        value = self.ranges.values[target]
        finite = bool(value.finite[place])
        if finite and rhs.op in CORRECT:
            self._point(rhs, e, z3.Real(f"${target.name}{suffix}"), kind)
        low, high = float(value.low[place]), float(value.high[place])
        facts: list[Term] = []
        if isfinite(error):
            bound = _numeral(_short(error))
            facts += [noise <= bound, noise >= -bound]
        if rhs.op in (Op.ADD, Op.SUB, Op.MUL) and (reach := _reach(int(value.grid[place]), kind)):
            facts.append(z3.Implies(z3.And(-_numeral(reach) < e, e < _numeral(reach)), noise == 0))
        if weight is not None:
            facts += self._relative(noise, weight, _gamma(rhs), kind)
        elif rhs.op not in REDUCTIONS:
            sized = e if low >= 0 else -e if high <= 0 else None
            if sized is not None or not isfinite(error) or max(-low, high) > _WIDE:
                facts += self._relative(noise, _magnitude(e) if sized is None else sized, _factor(rhs.op, kind), kind)
            if rhs.op in (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.CAST, Op.SQRT) and low < 0 < high:
                facts += [z3.Implies(e >= 0, result >= 0), z3.Implies(e <= 0, result <= 0)]
        if finite:
            facts += [result >= _numeral(value.low[place]), result <= _numeral(value.high[place])]
        safe = yes
        if risky:
            safe = self._condition(rhs.op, e, at, weight, kind)
        held = z3.And(facts)
        self.encoder.fact(held if z3.is_true(safe) else z3.Implies(safe, held))
        return result, safe

    def _condition(self, op: Op, e: Term, at: list[Term], weight: Term | None, kind: Scalar) -> Term:
        """That an operation on finite operands is finite."""
        beyond = _numeral(FORMATS[kind].beyond)
        if op in REDUCTIONS:
            return z3.BoolVal(False) if weight is None else weight <= _numeral(FORMATS[kind].largest / 2)
        match op:
            case Op.EXP:
                return at[0] <= _LARGEST_EXPONENTS[kind]
            case Op.LOG:
                return at[0] > 0
            case Op.SQRT:
                return at[0] >= 0
            case Op.DIV:
                return z3.And(at[1] != 0, -beyond < e, e < beyond)
            case Op.POW:
                return self.encoder.fresh("Bool")
            case _:
                return z3.And(-beyond < e, e < beyond)

    @staticmethod
    def _relative(noise: Term, size: Term, factor: Fraction, kind: Scalar) -> list[Term]:
        bound = _numeral(factor) * size + _numeral(FORMATS[kind].tiny)
        return [noise <= bound, -noise <= bound]


def _factor(op: Op, kind: Scalar) -> Fraction:
    """The relative error of one operation, in units of its exact result."""
    half = FORMATS[kind].relative
    if op in (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.CAST, Op.SQRT):
        return half
    return Fraction(CERTIFICATES[op, kind].error_ulp) * 2 * half


def _gamma(rhs: Apply) -> Fraction:
    """The relative error of a reduction, in units of the sum of the magnitudes of its terms."""
    kind = element(rhs.arguments[0].type)
    assert isinstance(kind, Scalar)
    types = tuple(a.type for a in rhs.arguments)
    match rhs.op:
        case Op.SUM:
            assert isinstance(rhs.attribute, tuple)
            count = shape(types[0])[rhs.attribute[0]]
        case Op.MATMUL:
            count = shape(types[1])[0] + 1
        case _:
            form = contraction(rhs.attribute)
            extents = form.extents(types)
            count = prod(extents[x] for x in form.summed) + len(types)
    total = (count + 1) * FORMATS[kind].relative
    return total / (1 - total)


def _is_power(number: Any) -> bool:
    """Whether a number is a power of two, or the negation of one."""
    if not isinstance(number, Fraction):
        return False
    return number != 0 and all(n & (n - 1) == 0 for n in (abs(number.numerator), number.denominator))


def _reach(grid: int, kind: Scalar) -> Fraction | None:
    """Below which magnitude every multiple of ``2^grid`` is held exactly, if that is worth saying."""
    return None if grid < -_FINE or grid > _FINE else Fraction(2) ** (grid + FORMATS[kind].precision)


def _magnitude(x: Term) -> Term:
    return z3.If(x >= 0, x, -x)


def _short(number: float) -> Fraction:
    """A number of few digits that is no less."""
    exact = Fraction(number)
    if exact.numerator == 1 or exact.denominator == 1:
        return exact
    places = max(0, 8 + exact.denominator.bit_length() - exact.numerator.bit_length())
    scaled = -(-exact.numerator * 2**places // exact.denominator)
    return Fraction(scaled, 2**places)


def _numeral(number: Any) -> Term:
    value = number if isinstance(number, Fraction) else Fraction(float(number))
    return z3.RealVal(f"{value.numerator}/{value.denominator}")
