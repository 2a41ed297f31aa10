"""Equations that are linear in the streams of a set.

Rule: ``t = t1 + t2 + ..``, where each term is a contraction of an operand, a stream of the set or another one that is
added to them, with factors that do not depend on the set:

    t[result] = the sum, over the letters that ``result`` has not, of u[letters] f1[letters1] ..

A letter of the result that no operand has is one along which the term is constant. Sums, differences, products and
quotients with others, choices by a condition outside of the set, products of matrices and other contractions, sums
along an axis, and what takes arrays apart or puts them together are linear; every other operator is taken not to be.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from string import ascii_letters

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Apply, Atom, Rhs
from syncml.ir.operators import Op, result_type
from syncml.ir.types import Type, element, shape
from syncml.ir.typing_rules import contraction
from syncml.lazy import numpy as np

Axes = str
"""A letter for each axis."""


@dataclass(frozen=True, slots=True)
class Term:
    """``atom`` with its sign, times ``factors``, or divided by it (``inverse``), where ``condition`` is ``holds``.

    ``is_reshaped``: the result has the elements of ``atom`` in another shape, and no letter in common.
    """

    atom: Atom
    letters: Axes
    result: Axes
    negative: bool = False
    factors: tuple[tuple[Atom, Axes], ...] = ()
    inverse: bool = False
    condition: tuple[Atom, Axes] | None = None
    holds: bool = True
    is_reshaped: bool = False


def linear_terms(rhs: Rhs, streams: Container[object]) -> tuple[Term, ...] | None:
    """The terms whose sum ``rhs``, which reads some of ``streams``, is; None where it is not linear in them."""
    if not isinstance(rhs, Apply):
        return None
    types = tuple(a.type for a in rhs.arguments)
    result = ascii_letters[: len(shape(result_type(rhs.op, types, rhs.attribute)))]
    extents = shape(result_type(rhs.op, types, rhs.attribute))
    axes = [_aligned(shape(type_), extents, k) for k, type_ in enumerate(types)]
    match rhs.op, rhs.arguments:
        case Op.COPY, (a,):
            return (Term(a, result, result),)
        case Op.NEG, (a,):
            return (Term(a, result, result, negative=True),)
        case ((Op.ADD | Op.SUB as op), (a, b)):
            return (Term(a, axes[0], result), Term(b, axes[1], result, negative=op is Op.SUB))
        case Op.MUL, (a, b) if b not in streams:
            return (Term(a, axes[0], result, factors=((b, axes[1]),)),)
        case Op.MUL, (a, b) if a not in streams:
            return (Term(b, axes[1], result, factors=((a, axes[0]),)),)
        case Op.DIV, (a, b) if b not in streams:
            return (Term(a, axes[0], result, factors=((b, axes[1]),), inverse=True),)
        case Op.WHERE, (c, a, b) if c not in streams:
            given = (c, axes[0])
            return (Term(a, axes[1], result, condition=given), Term(b, axes[2], result, condition=given, holds=False))
        case Op.MATMUL, (a, b):
            form = {(1, 1): "i,i->", (2, 1): "ij,j->i", (1, 2): "i,ij->j", (2, 2): "ij,jk->ik"}
            return _contracted(rhs.arguments, form[len(shape(a.type)), len(shape(b.type))], streams)
        case Op.EINSUM, arguments:
            assert isinstance(rhs.attribute, str)
            return _contracted(arguments, rhs.attribute, streams)
        case ((Op.SUM | Op.RESHAPE | Op.TRANSPOSE | Op.INDEX | Op.SLICE), (a,)):
            return _moved(rhs, a, result)
        case ((Op.STACK | Op.CONCAT), arguments):
            return _joined(rhs, arguments, result)
        case _:
            return None


def _aligned(extents: Sequence[int], whole: Sequence[int], number: int) -> Axes:
    """The letters of an operand that is broadcast; an axis of one element in the place of more is one of its own."""
    shift = len(whole) - len(extents)
    own = ascii_letters[26 + 8 * number :]
    return "".join(
        ascii_letters[shift + k] if shift + k >= 0 and extent == whole[shift + k] else own[k]
        for k, extent in enumerate(extents)
    )


def _contracted(arguments: Sequence[Atom], form: str, streams: Container[object]) -> tuple[Term, ...] | None:
    """A contraction with one operand of ``streams``, of which it is no diagonal."""
    found = contraction(form)
    (place, *others) = [k for k, a in enumerate(arguments) if a in streams]
    letters = found.operands[place]
    if others or len(set(letters)) < len(letters):
        return None
    factors = tuple((a, found.operands[k]) for k, a in enumerate(arguments) if k != place)
    return (Term(arguments[place], letters, found.result, factors=factors),)


def _moved(rhs: Apply, source: Atom, result: Axes) -> tuple[Term, ...]:
    """What an operator on one array does to its axes."""
    extents, attribute, own = shape(source.type), rhs.attribute, ascii_letters[26:]
    assert isinstance(attribute, tuple)
    numbers = tuple(int(n) for n in attribute)
    match rhs.op:
        case Op.SUM:
            return (Term(source, result[: numbers[0]] + own[0] + result[numbers[0] :], result),)
        case Op.TRANSPOSE:
            letters = "".join(result[numbers.index(axis)] for axis in range(len(extents)))
            return (Term(source, letters, result),)
        case Op.RESHAPE:
            long = [letter for letter, extent in zip(result, numbers, strict=True) if extent != 1]
            if [e for e in extents if e != 1] != [e for e in numbers if e != 1]:
                return (Term(source, own[: len(extents)], result, is_reshaped=True),)
            places = iter(long)
            return (Term(source, "".join(next(places) if e != 1 else own[k] for k, e in enumerate(extents)), result),)
        case Op.INDEX:
            count = len(numbers)
            chosen = tuple((_selection(source.type, extents[k], [number]), own[k]) for k, number in enumerate(numbers))
            flat = tuple((_row(atom), letter) for atom, letter in chosen)
            return (Term(source, own[:count] + result, result, factors=flat),)
        case _:
            axis, start, many, step = numbers
            matrix = _selection(source.type, extents[axis], [start + k * step for k in range(many)])
            letters = result[:axis] + own[0] + result[axis + 1 :]
            return (Term(source, letters, result, factors=((matrix, result[axis] + own[0]),)),)


def _joined(rhs: Apply, arguments: Sequence[Atom], result: Axes) -> tuple[Term, ...]:
    """Each part at its place along the axis."""
    own = ascii_letters[26:]
    if rhs.op is Op.STACK:
        rows = [_row(_selection(a.type, len(arguments), [k])) for k, a in enumerate(arguments)]
        return tuple(
            Term(a, result[1:], result, factors=((row, result[0]),)) for a, row in zip(arguments, rows, strict=True)
        )
    assert isinstance(rhs.attribute, tuple)
    axis = int(rhs.attribute[0])
    total = sum(shape(a.type)[axis] for a in arguments)
    terms: list[Term] = []
    start = 0
    for argument in arguments:
        count = shape(argument.type)[axis]
        matrix = _selection(argument.type, total, range(start, start + count))
        letters = result[:axis] + own[0] + result[axis + 1 :]
        terms.append(Term(argument, letters, result, factors=((matrix, own[0] + result[axis]),)))
        start += count
    return tuple(terms)


def _selection(type_: Type, extent: int, places: Sequence[int]) -> Const:
    """A row for each of ``places``, with a one there and zeros elsewhere."""
    kind = element(type_)
    return Const(Array.of(np.eye(extent)[list(places)], kind), kind)


def _row(matrix: Const) -> Const:
    """The only row of a matrix."""
    kind = element(matrix.type)
    return Const(Array.of(np.asarray(matrix.machine())[0], kind), kind)
