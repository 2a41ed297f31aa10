"""Products as unknowns: the linear relaxation of nonlinear constraints.

Rule: each product of two or more unknowns becomes a constant of its own, the same for the same factors in any order
and with any coefficient. Every model of the constraints is a model of the relaxation, so what the relaxation refutes
is refuted.
"""

from __future__ import annotations

from fractions import Fraction

from syncml.dataclass import dataclass
from syncml.verify.smt import Term, is_value, z3


@dataclass(frozen=True, slots=True)
class Product:
    """The constant that stands for a product of two relaxed terms."""

    result: Term
    left: Term
    right: Term


class Relaxation:
    """Replaces products.

    Attributes:
        facts: What is known of those that it made (a square is not negative).
        products: Those of two factors.
    """

    def __init__(self) -> None:
        self.facts: list[Term] = []
        self.products: list[Product] = []
        self._done: dict[int, Term] = {}
        self._kept: list[Term] = []
        self._products: dict[tuple[int, ...], Term] = {}

    def relaxed(self, term: Term) -> Term:
        """``term`` with constants in place of products."""
        stack = [term]
        # Identifiers of terms are unique only among terms that are alive.
        self._kept.append(term)
        while stack:
            t = stack[-1]
            if t.get_id() in self._done:
                stack.pop()
                continue
            children = t.children()
            missing = [c for c in children if c.get_id() not in self._done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            parts = [self._done[c.get_id()] for c in children]
            self._done[t.get_id()] = self._product(t, parts) if z3.is_mul(t) else self._rebuilt(t, children, parts)
        return self._done[term.get_id()]

    def _rebuilt(self, t: Term, children: list[Term], parts: list[Term]) -> Term:
        if all(a.eq(b) for a, b in zip(children, parts, strict=True)):
            return t
        return self._keep(t.decl()(*parts))

    def _keep(self, term: Term) -> Term:
        self._kept.append(term)
        return term

    def _product(self, t: Term, parts: list[Term]) -> Term:
        coefficient = Fraction(1)
        factors: list[Term] = []
        stack = list(reversed(parts))
        while stack:
            part = stack.pop()
            if is_value(part):
                coefficient *= _number(part)
            elif z3.is_mul(part):
                stack.extend(reversed(part.children()))
            else:
                factors.append(part)
        if len(factors) < 2:
            return self._rebuilt(t, t.children(), parts)
        factors.sort(key=lambda f: f.get_id())
        key = tuple(f.get_id() for f in factors)
        if key not in self._products:
            name = f"product!{len(self._products)}"
            self._products[key] = z3.Const(name, t.sort())
            if len(factors) == 2:
                self.products.append(Product(self._products[key], *factors))
            if len(factors) == 2 and key[0] == key[1]:
                self.facts.append(self._products[key] >= 0)
        product = self._products[key]
        if coefficient == 1:
            return product
        number = f"{coefficient.numerator}/{coefficient.denominator}"
        scale = z3.RealVal(number, t.ctx) if z3.is_real(t) else z3.IntVal(coefficient.numerator, t.ctx)
        return self._keep(scale * product)


def _number(value: Term) -> Fraction:
    if z3.is_int_value(value):
        return Fraction(value.as_long())
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
