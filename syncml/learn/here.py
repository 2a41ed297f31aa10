"""What derivatives are made of: operators at one place, on one clock.

Rule: each gives a new stream, but what needs no equation makes none: a product with the number 1, an array in the shape
that it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.syntax import Apply, Atom, Rhs, Var
from syncml.ir.operators import Op, result_type
from syncml.ir.types import Element, Type, element, shape, tensor
from syncml.ir.typing_rules import Attribute


class Here:
    """Operators at one place of the source, on one clock; ``name`` begins the names of what they make."""

    def __init__(self, growth: Growth, span: Span, clock: Clock, name: str) -> None:
        self._growth = growth
        self._span = span
        self._clock = clock
        self._name = name

    def define(self, type_: Type, rhs: Rhs) -> Var:
        """A new variable with an equation."""
        return self._growth.equate(self._growth.fresh(self._name, type_, self._clock, self._span), rhs)

    def apply(self, op: Op, *arguments: Atom, attribute: Attribute = None) -> Atom:
        """An operator of the table."""
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        return self.define(type_, Apply(op, arguments, attribute))

    def product(self, factor: Atom, x: Atom) -> Atom:
        """``factor * x``."""
        if isinstance(factor, Const) and factor.value in (1.0, -1.0):
            return x if factor.value == 1.0 else self.apply(Op.NEG, x)
        return self.apply(Op.MUL, factor, x)

    def total(self, terms: Sequence[Atom]) -> Atom:
        """The sum of terms of one shape, from the first on."""
        found = terms[0]
        for term in terms[1:]:
            found = self.apply(Op.ADD, found, term)
        return found

    def reshaped(self, x: Atom, extents: tuple[int, ...]) -> Atom:
        """``x`` with other extents."""
        return x if shape(x.type) == extents else self.apply(Op.RESHAPE, x, attribute=extents)

    def spread(self, x: Atom, extents: tuple[int, ...]) -> Atom:
        """``x`` in each place of a greater shape, by the rule of broadcasting."""
        if shape(x.type) == extents:
            return x
        return self.apply(Op.MUL, ones(element(x.type), extents), x)

    def gathered(self, x: Atom, extents: tuple[int, ...]) -> Atom:
        """The transpose of `spread`: the sum over the axes along which a value of ``extents`` was spread."""
        for _ in range(len(shape(x.type)) - len(extents)):
            x = self.apply(Op.SUM, x, attribute=(0,))
        for axis, (wide, narrow) in enumerate(zip(shape(x.type), extents, strict=True)):
            if wide != narrow:
                inner = (*shape(x.type)[:axis], 1, *shape(x.type)[axis + 1 :])
                x = self.reshaped(self.apply(Op.SUM, x, attribute=(axis,)), inner)
        return x

    def padded(self, x: Atom, axis: int, before: int, after: int) -> Atom:
        """``x`` with zeros before and after it along an axis."""
        extents, kind = shape(x.type), element(x.type)
        parts = [
            zero(tensor(kind, (*extents[:axis], count, *extents[axis + 1 :]))) if count else None
            for count in (before, after)
        ]
        given = [part for part in (parts[0], x, parts[1]) if part is not None]
        return x if len(given) == 1 else self.apply(Op.CONCAT, *given, attribute=(axis,))


def number(value: float, kind: Element) -> Const:
    """A number."""
    return Const(value, kind)


def ones(kind: Element, extents: tuple[int, ...]) -> Const:
    """An array of ones."""
    return Const(Array.of(np.ones(extents), kind), kind)
