"""Weights of streams in a sum: linear maps from a stream to the sum, as arrays with named axes.

Rule: the weight W of a stream v in a sum T says how much T grows with v: T[t] grows by the sum over v's axes of
``W[t, v] v[v]``. An axis of W is one of T, one of v, or one of v that is an axis of T as well, where each element of v
counts for its own element of T alone: ``W[t, v] = 0 unless t = v`` is not stored. Along an axis that it has not, a
weight is constant. For ``u = contraction of v with factors`` the weight of v is the contraction of the weight of u with
the same factors (the transpose of the map).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_letters
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.linear import Term
from syncml.ir.equations.syntax import Atom
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, Type, element, shape
from syncml.lazy import numpy as np

Axis: TypeAlias = tuple[int, int, int]
"""An axis of the sum (0, axis, extent), of a stream (its number, axis, extent), or of factors alone (-1, ..)."""

OF_FACTORS = -1
AFTER_ALL = 1 << 30
"""A number above that of every stream."""


def axes_of(number: int, type_: Type) -> tuple[Axis, ...]:
    """The axes of a stream of that number, 0 for the sum, that are its own."""
    return tuple((number, axis, extent) for axis, extent in enumerate(shape(type_)))


@dataclass(frozen=True, slots=True)
class Weight:
    """``atom`` has ``axes``, in ascending order; None is 1. ``place`` are the axes of the stream that it is of."""

    atom: Atom | None
    axes: tuple[Axis, ...]
    place: tuple[Axis, ...]


def place_after(term: Term, place: Sequence[Axis], own: Sequence[Axis]) -> tuple[Axis, ...]:
    """The axes of the operand of ``term``, where ``place`` are those of the result: those of the sum, or its own."""
    known = dict(zip(term.result, place, strict=True))
    found = (known.get(letter) for letter in term.letters)
    return tuple(axis if axis is not None and axis[0] == 0 else mine for axis, mine in zip(found, own, strict=True))


class Algebra:
    """Operations on weights in a sum of one element type, as equations on one clock."""

    def __init__(self, growth: Growth, tick: Clock, total: Type) -> None:
        self._growth = growth
        self._tick = tick
        self._kind = element(total)

    def through(self, term: Term, weight: Weight, own: Sequence[Axis]) -> Weight:
        """The weight of the operand of ``term``, with axes of the sum or its ``own``, from that of its result."""
        if term.is_reshaped:
            return self._reshaped(weight, tuple(own))
        axes = dict(zip(term.result, weight.place, strict=True))
        # An axis of the result that is the stream's and not the sum's goes on as one of the operand.
        named = dict(zip(term.letters, own, strict=True))
        for letter, axis in named.items():
            if letter not in axes or axes[letter][0] != 0:
                axes[letter] = axis
        renamed = {a: axes[letter] for letter, a in zip(term.result, weight.place, strict=True)}
        place = tuple(axes[letter] for letter in term.letters)
        start = self._renamed(weight, renamed)
        made = self._applied(term, start, axes, {a for a in renamed.values() if a[0] != 0} - set(place))
        return Weight(made.atom, made.axes, place)

    def _reshaped(self, weight: Weight, own: tuple[Axis, ...]) -> Weight:
        """The weight of a stream with the axes ``own`` from that of one with its elements in another shape."""
        whole = tuple((AFTER_ALL, k, axis[2]) for k, axis in enumerate(weight.place))
        names = {a: b for a, b in zip(weight.place, whole, strict=True) if a[0] != 0}
        weight = self._renamed(weight, names)
        weight = self.settled(Weight(weight.atom, weight.axes, tuple(names.get(a, a) for a in weight.place)), whole)
        if not set(whole).intersection(weight.axes):
            return Weight(weight.atom, weight.axes, own)
        of_sum = tuple(axis for axis in weight.axes if axis[0] == 0)
        every = self.full(weight, (*of_sum, *whole))
        axes = (*of_sum, *own)
        extents = tuple(axis[2] for axis in axes)
        return Weight(self._growth.apply("weight", self._tick, Op.RESHAPE, every, attribute=extents), axes, own)

    def settled(self, weight: Weight, place: tuple[Axis, ...]) -> Weight:
        """The same with the axes ``place``: what counts for one element of the sum alone is written out where asked."""
        for have, want in zip(weight.place, place, strict=True):
            if have != want:
                identity = Const(Array.of(np.eye(have[2]), self._kind), self._kind)
                weight = self._times(weight, Weight(identity, (have, want), ()), set())
        return Weight(weight.atom, weight.axes, place)

    def added(self, term: Term, weight: Weight) -> Weight:
        """What ``term``, whose operand is no stream that has a weight, adds to the sum."""
        if term.is_reshaped:
            extents = tuple(axis[2] for axis in weight.place)
            atom = self._growth.apply("weight", self._tick, Op.RESHAPE, term.atom, attribute=extents)
            term = Term(atom, term.result, term.result)
        axes = dict(zip(term.result, weight.place, strict=True))
        for k, (letter, extent) in enumerate(zip(term.letters, shape(term.atom.type), strict=True)):
            axes.setdefault(letter, (OF_FACTORS, k, extent))
        return self._applied(term, weight, axes, {a for a in axes.values() if a[0] != 0}, operand=term.atom)

    def plus(self, name: str, left: Weight, right: Weight) -> Weight:
        """The sum of two weights of one stream."""
        return self._elementwise(name, Op.ADD, left, right)

    def full(self, weight: Weight, axes: tuple[Axis, ...]) -> Atom:
        """An array with all of ``axes``, in ascending order."""
        extents = tuple(axis[2] for axis in axes)
        if weight.atom is None or weight.axes != axes:
            ones: Atom = Const(Array.of(np.ones(extents), self._kind), self._kind) if extents else self._one()
            if weight.atom is None:
                return ones
            return self._growth.apply("weight", self._tick, Op.MUL, ones, self.beside(weight, axes))
        return weight.atom

    def _one(self) -> Const:
        return Const(1.0 if self._kind in FLOATS else 1, self._kind)

    def _renamed(self, weight: Weight, names: Mapping[Axis, Axis]) -> Weight:
        """``weight`` with other names for its axes, in their order."""
        axes = tuple(names.get(axis, axis) for axis in weight.axes)
        ordered = tuple(sorted(axes))
        if weight.atom is None or ordered == axes:
            return Weight(weight.atom, axes, weight.place)
        order = tuple(axes.index(axis) for axis in ordered)
        atom = self._growth.apply("weight", self._tick, Op.TRANSPOSE, weight.atom, attribute=order)
        return Weight(atom, ordered, weight.place)

    def _applied(
        self, term: Term, weight: Weight, axes: Mapping[str, Axis], summed: set[Axis], operand: Atom | None = None
    ) -> Weight:
        """``weight`` times the factors of ``term``, with its sign and condition, without the axes ``summed``."""
        names = dict(axes)
        condition = () if term.condition is None else (term.condition,)
        for atom, letters in (*term.factors, *condition):
            for letter, extent in zip(letters, shape(atom.type), strict=True):
                names.setdefault(letter, (OF_FACTORS, len(names), extent))
        summed = summed | {axis for axis in names.values() if axis[0] == OF_FACTORS}
        factors = [Weight(atom, tuple(names[c] for c in letters), ()) for atom, letters in term.factors]
        if operand is not None:
            factors.append(Weight(operand, tuple(names[c] for c in term.letters), ()))
        chosen = [Weight(atom, tuple(names[c] for c in letters), ()) for atom, letters in condition]
        # What is constant along an axis that is added up counts as often as the axis is long.
        for axis in sorted(summed.difference(*(w.axes for w in (weight, *factors, *chosen)))):
            factors.append(Weight(Const(Array.of(np.ones(axis[2]), self._kind), self._kind), (axis,), ()))
        if term.inverse:
            weight = self._elementwise("weight", Op.DIV, weight, self._renamed(factors.pop(0), {}))
        # A choice is made before anything is added up.
        early = summed if term.condition is None else set[Axis]()
        for number, factor in enumerate(factors):
            weight = self._times(weight, factor, early.difference(*(later.axes for later in factors[number + 1 :])))
        if term.negative:
            atom = self._growth.apply("weight", self._tick, Op.NEG, weight.atom or self._one())
            weight = Weight(atom, weight.axes, weight.place)
        for condition_ in chosen:
            weight = self._where(self._renamed(condition_, {}), weight, holds=term.holds)
        return self._sum([weight], summed) if summed.intersection(weight.axes) else weight

    def _times(self, weight: Weight, factor: Weight, summed: set[Axis]) -> Weight:
        """A product, added up over the axes ``summed`` that it has."""
        if summed.intersection((*weight.axes, *factor.axes)):
            return self._sum([weight, factor], summed)
        if weight.atom is None:
            return self._renamed(factor, {})
        return self._elementwise("weight", Op.MUL, weight, self._renamed(factor, {}))

    def _sum(self, operands: Iterable[Weight], summed: set[Axis]) -> Weight:
        """The contraction of weights and factors over ``summed``."""
        found = [(w.atom, w.axes) for w in operands if w.atom is not None]
        every = sorted({axis for _, axes in found for axis in axes})
        letter = dict(zip(every, ascii_letters, strict=False))
        kept = tuple(axis for axis in every if axis not in summed)
        form = ",".join("".join(letter[a] for a in axes) for _, axes in found)
        form += "->" + "".join(letter[a] for a in kept)
        return Weight(
            self._growth.apply("weight", self._tick, Op.EINSUM, *(a for a, _ in found), attribute=form), kept, ()
        )

    def _where(self, condition: Weight, weight: Weight, *, holds: bool) -> Weight:
        """The weight where the condition is ``holds``, 0 elsewhere."""
        axes = tuple(sorted({*weight.axes, *condition.axes}))
        inside = self.beside(weight, axes)
        nothing = zero(inside.type)
        branches = (inside, nothing) if holds else (nothing, inside)
        atom = self._growth.apply("chosen", self._tick, Op.WHERE, self.beside(condition, axes), *branches)
        return Weight(atom, axes, weight.place)

    def _elementwise(self, name: str, op: Op, left: Weight, right: Weight) -> Weight:
        axes = tuple(sorted({*left.axes, *right.axes}))
        operands = (self.beside(w, axes) for w in (left, right))
        return Weight(self._growth.apply(name, self._tick, op, *operands), axes, left.place)

    def beside(self, weight: Weight, axes: tuple[Axis, ...]) -> Atom:
        """The array of a weight beside one with ``axes``: with axes of one element between those that it has."""
        if weight.atom is None:
            return self._one()
        if not weight.axes or weight.axes == axes[len(axes) - len(weight.axes) :]:
            return weight.atom
        first = axes.index(weight.axes[0])
        extents = tuple(axis[2] if axis in weight.axes else 1 for axis in axes[first:])
        return self._growth.apply("weight", self._tick, Op.RESHAPE, weight.atom, attribute=extents)
