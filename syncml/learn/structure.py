"""Transposes of operators that are linear in each array that they take: what comes back for an argument.

Rule: for ``y = A x`` the transpose is ``x' += A^T y'``. Operators that move elements put them back where they were and
zeros elsewhere; a sum is spread; a product of arrays is a product of the other operands with what comes back. Of the
least or greatest element of an axis the change goes to that element, in equal parts where several are equal.
"""

from __future__ import annotations

import numpy as np

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.syntax import Apply, Atom
from syncml.ir.operators import Op
from syncml.ir.types import FRACTIONAL, Scalar, element, shape, size
from syncml.ir.typing_rules import contraction, windows
from syncml.learn.here import Here, number, ones

STRUCTURE = frozenset({
    Op.CAST, Op.STACK, Op.CONCAT, Op.INDEX, Op.SLICE, Op.AT, Op.WINDOW, Op.UPDATE, Op.RESHAPE, Op.TRANSPOSE, Op.UNFOLD,
    Op.MATMUL, Op.EINSUM, Op.SUM, Op.LEAST, Op.GREATEST,
})  # fmt: skip
"""The operators with a transpose."""


def transposed(make: Here, rhs: Apply, y: Atom, position: int, change: Atom) -> Atom:
    """What ``change``, of the shape of ``y = op(a, ..)``, means for the argument at ``position``; of its shape."""
    argument = rhs.arguments[position]
    extents = shape(argument.type)
    match rhs.op, rhs.attribute:
        case Op.CAST, _:
            kind = element(argument.type)
            assert isinstance(kind, Scalar)
            return make.apply(Op.CAST, change, attribute=kind)
        case Op.STACK, _:
            return make.apply(Op.INDEX, change, attribute=(position,))
        case Op.CONCAT, (int(axis),):
            start = sum(shape(a.type)[axis] for a in rhs.arguments[:position])
            return make.apply(Op.SLICE, change, attribute=(axis, start, extents[axis], 1))
        case Op.INDEX, tuple() as indices:
            return _embedded(make, change, indices, extents)
        case Op.SLICE, (int(axis), int(start), int(count), int(step)):
            return _unsliced(make, change, axis, (start, count, step), extents[axis])
        case ((Op.AT | Op.WINDOW), _):
            return _replaced(make, rhs, change, extents)
        case Op.UPDATE, _:
            return _updated(make, rhs, position, change)
        case Op.RESHAPE, _:
            return make.reshaped(change, extents)
        case Op.TRANSPOSE, tuple() as order:
            return make.apply(Op.TRANSPOSE, change, attribute=tuple(int(k) for k in np.argsort(order)))
        case Op.UNFOLD, (int(axis), int(width), int(stride), int(dilation)):
            return _folded(make, change, axis, windows(extents[axis], width, stride, dilation), extents[axis])
        case Op.MATMUL, _:
            return _product(make, rhs, position, change)
        case Op.EINSUM, str(form):
            return _contracted(make, rhs, form, position, change)
        case Op.SUM, (int(axis),):
            return make.spread(make.reshaped(change, (*extents[:axis], 1, *extents[axis + 1 :])), extents)
        case ((Op.LEAST | Op.GREATEST), (int(axis),)):
            return _shared(make, argument, y, axis, change)
        case _:
            raise InternalFault(f"{rhs.op.value} has no transpose")


def _embedded(make: Here, x: Atom, indices: tuple[int, ...], extents: tuple[int, ...]) -> Atom:
    """``x`` in the place of an element of an array of zeros."""
    for axis in reversed(range(len(indices))):
        x = make.reshaped(x, (1, *shape(x.type)))
        x = make.padded(x, 0, indices[axis], extents[axis] - indices[axis] - 1)
    return x


def _unsliced(make: Here, x: Atom, axis: int, part: tuple[int, int, int], extent: int) -> Atom:
    """The elements of a slice where they came from, zeros between them."""
    start, count, step = part
    if step < 0:
        x = make.apply(Op.SLICE, x, attribute=(axis, count - 1, count, -1))
        start, step = start + (count - 1) * step, -step
    if step > 1:
        outer, inner = shape(x.type)[:axis], shape(x.type)[axis + 1 :]
        # The last element has no gap behind it that would go over the end.
        x = make.padded(make.reshaped(x, (*outer, count, 1, *inner)), axis + 1, 0, step - 1)
        x = make.reshaped(x, (*outer, count * step, *inner))
        x = make.apply(Op.SLICE, x, attribute=(axis, 0, (count - 1) * step + 1, 1))
    return make.padded(x, axis, start, extent - start - ((count - 1) * step + 1))


def _replaced(make: Here, rhs: Apply, change: Atom, extents: tuple[int, ...]) -> Atom:
    """The elements at a dynamic index, clamped as the operator does, where they came from.

    In zeros on both sides of the change, the window that begins ``index`` places earlier has it at ``index``.
    """
    extent = extents[0]
    count = shape(change.type)[0] if rhs.op is Op.WINDOW else 1
    if rhs.op is Op.AT:
        change = make.reshaped(change, (1, *shape(change.type)))
    position = rhs.arguments[1]
    kind = element(position.type)
    last = Const(extent - count, kind)
    clamped = make.apply(Op.MAX, make.apply(Op.MIN, position, last), Const(0, kind))
    start = make.apply(Op.SUB, last, clamped)
    return make.apply(Op.WINDOW, make.padded(change, 0, extent - count, extent - count), start, attribute=(extent,))


def _updated(make: Here, rhs: Apply, position: int, change: Atom) -> Atom:
    """Of an update: the change outside of the place, or the change at the place."""
    source, value, *places = rhs.arguments
    if position == 0:
        return make.apply(Op.UPDATE, change, zero(value.type), *places)
    inside: Atom | None = None
    found = change
    for place, extent in zip(places, shape(source.type), strict=False):
        kind = element(place.type)
        low = make.apply(Op.GE, place, Const(0, kind))
        within = make.apply(Op.AND, low, make.apply(Op.LT, place, Const(extent, kind)))
        inside = within if inside is None else make.apply(Op.AND, inside, within)
        found = make.apply(Op.AT, found, place)
    assert inside is not None
    return make.apply(Op.WHERE, inside, found, number(0.0, element(value.type)))


def _folded(make: Here, change: Atom, axis: int, places: list[list[int]], extent: int) -> Atom:
    """The sum, for each element, over the windows that it is in; position by position of the window."""
    terms: list[Atom] = []
    for k in range(len(places[0])):
        column = make.apply(Op.SLICE, change, attribute=(axis + 1, k, 1, 1))
        column = make.reshaped(column, (*shape(change.type)[: axis + 1], *shape(change.type)[axis + 2 :]))
        step = places[1][0] - places[0][0] if len(places) > 1 else 1
        terms.append(_unsliced(make, column, axis, (places[0][k], len(places), step), extent))
    return make.total(terms)


def _product(make: Here, rhs: Apply, position: int, change: Atom) -> Atom:
    """Of ``left @ right``; in the forms for which the compiler has its quickest loops, where there are such."""
    left, right = rhs.arguments
    match len(shape(left.type)), len(shape(right.type)), position:
        case 1, 1, _:
            return make.apply(Op.MUL, change, left if position else right)
        case 2, 1, 0:
            return make.apply(Op.EINSUM, change, right, attribute="i,k->ik")
        case 2, 1, _:
            return make.apply(Op.MATMUL, change, left)
        case 1, 2, 0:
            return make.apply(Op.MATMUL, right, change)
        case 1, 2, _:
            return make.apply(Op.EINSUM, left, change, attribute="k,j->kj")
        case 2, 2, 0:
            return make.apply(Op.EINSUM, change, right, attribute="ij,kj->ik")
        case _:
            return make.apply(Op.EINSUM, left, change, attribute="ik,ij->kj")


def _contracted(make: Here, rhs: Apply, form: str, position: int, change: Atom) -> Atom:
    """A contraction of the other operands with the change.

    An axis that is the operand's alone is spread by ones; one that it has twice is a diagonal, by an identity.
    """
    found = contraction(form)
    extents = found.extents(tuple(a.type for a in rhs.arguments))
    kind = element(change.type)
    unused = iter(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in extents)
    operands: list[tuple[str, Atom]] = [(found.result, change)]
    operands += [
        (letters, a) for k, (letters, a) in enumerate(zip(found.operands, rhs.arguments, strict=True)) if k != position
    ]
    known = set("".join(letters for letters, _ in operands))
    wanted = ""
    for letter in found.operands[position]:
        if letter in wanted:
            twin = next(unused)
            identity = Const(Array.of(np.eye(extents[letter]), kind), kind)
            operands.append((letter + twin, identity))
            letter = twin
        elif letter not in known:
            operands.append((letter, ones(kind, (extents[letter],))))
        wanted += letter
    attribute = ",".join(letters for letters, _ in operands) + f"->{wanted}"
    return make.apply(Op.EINSUM, *(a for _, a in operands), attribute=attribute)


def _shared(make: Here, argument: Atom, y: Atom, axis: int, change: Atom) -> Atom:
    extents, kind = shape(argument.type), element(argument.type)
    kept = (*extents[:axis], 1, *extents[axis + 1 :])
    equal = make.apply(Op.EQ, argument, make.reshaped(y, kept))
    marks = make.apply(Op.WHERE, equal, number(1.0, kind), number(0.0, kind))
    part = make.apply(Op.DIV, change, make.apply(Op.SUM, marks, attribute=(axis,)))
    return make.apply(Op.MUL, marks, make.reshaped(part, kept))


def is_fractional(atom: Atom) -> bool:
    """Whether a stream has numbers that can change a little."""
    return element(atom.type) in FRACTIONAL and size(atom.type) > 0
