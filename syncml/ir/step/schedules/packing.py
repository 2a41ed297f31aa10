"""Operands in the order in which an accumulation reads them.

    y[i][j] += x[i][k] * w[j][k]    becomes    packed[k][j] := w[j][k];  y[i][j] += x[i][k] * packed[k][j]

Rule: an operand whose elements for neighbouring results lie apart is copied once, before the accumulation, into a local
where they lie side by side; it may be a matrix within a vector. It is the same in each term, since an accumulation
writes nothing that it reads. A copy is for an operand that is read for several results along another axis; the
constants of `layouts` need none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import prod

from syncml.ir.step.lowering.elements import added, literal_index, plus, times
from syncml.ir.step.nests import Axis
from syncml.ir.step.schedules.accumulation import Accumulation
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, For, LoopIndex, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import map_expr, walk
from syncml.ir.types import Type, element, tensor

STRIP = 16
"""So many neighbouring elements are copied together, each from a row of its own."""

Local = Callable[[str, Type], Slot]
"""Makes a local of a name like the given one."""


def across(made: Accumulation) -> list[Place]:
    """The operands, constants aside, whose elements for neighbouring results along the last axis lie apart."""
    if not made.results:
        return []
    last = made.results[-1].index
    places = dict.fromkeys(part for part in walk(made.update) if isinstance(part, Place) and part.indices)
    variable = [p for p in places if p.slot is not made.target.slot and p.slot.storage is not Storage.CONSTANT]
    return [p for p in variable if (p.indices[-1] is not last and last in p.indices) or _strides_apart(p, made)]


def _strides_apart(place: Place, made: Accumulation) -> bool:
    """Whether ``place`` is a matrix within a vector, ``w[first + 64 * j + k]``, with j the last axis of the results."""
    if len(place.indices) != 1:
        return False
    strides = [(stride(place.indices[0], axis.index), axis) for axis in (*made.results, *made.terms)]
    if any(found is None or found < 0 for found, _ in strides):
        return False
    own = sorted(((found, axis) for found, axis in strides if found), key=lambda pair: pair[0])
    # Each element belongs to one combination of the counters, as in a matrix.
    if any(step * axis.extent > following for (step, axis), (following, _) in pairwise(own)):
        return False
    return any(axis is made.results[-1] and step > 1 for step, axis in own)


def stride(index: Expr, counter: LoopIndex) -> int | None:
    """By how much ``index`` grows with ``counter``; None if that is not one number."""
    match index:
        case LoopIndex():
            return int(index == counter)
        case Binary(op=BinaryOp.ADD):
            left, right = stride(index.left, counter), stride(index.right, counter)
            return None if left is None or right is None else left + right
        case Binary(op=BinaryOp.MUL) if (factor := literal_index(index.right)) is not None:
            found = stride(index.left, counter)
            return None if found is None else found * factor
        case _:
            return None if counter in walk(index) else 0


def reuse(made: Accumulation, place: Place) -> int:
    """For how many results along other axes an element is read, if it can be packed; else 0."""
    counters = {axis.index for axis in (*made.results, *made.terms)}
    own = [part for i in place.indices for part in walk(i) if isinstance(part, LoopIndex) and part in counters]
    others = [i for i in place.indices if i not in own]
    mixed = any(part in counters for i in others for part in walk(i))
    if len(set(own)) < len(own) or (mixed and not _strides_apart(place, made)):
        return 0
    if not any(axis.index in own for axis in made.terms):
        return 0
    return prod(axis.extent for axis in made.results if axis.index not in own)


def packed(made: Accumulation, least: int, local: Local) -> tuple[list[Stmt], Accumulation]:
    """The copies of the operands across that are read for at least so many results, and ``made`` reading them."""
    copies: list[Stmt] = []
    new: dict[Expr, Expr] = {}
    for place in across(made):
        if reuse(made, place) < least:
            continue
        rows = [axis for axis in (*made.results[:-1], *made.terms) if any(axis.index in walk(i) for i in place.indices)]
        last = made.results[-1]
        extents = (*(axis.extent for axis in rows), last.extent)
        slot = local(f"{place.slot.name}_packed", tensor(element(place.slot.type), extents))
        new[place] = Place(slot, (*(axis.index for axis in rows), last.index))
        copies += _copied(place, slot, rows, last)
    update = map_expr(lambda part: new.get(part) if isinstance(part, Place) else None, made.update)
    return copies, replace(made, update=update)


def _copied(place: Place, slot: Slot, rows: list[Axis], last: Axis) -> list[Stmt]:
    """Strip by strip of the last axis."""
    done: list[Stmt] = []
    count, rest = divmod(last.extent, STRIP)
    for start, strips, length in ((0, count, STRIP), (count * STRIP, min(rest, 1), rest)):
        if not strips:
            continue
        around = [Axis(LoopIndex(axis.index.name), axis.extent) for axis in rows]
        strip, inside = LoopIndex(last.index.name), LoopIndex(2 * last.index.name)
        position = plus(inside, start)
        if strips > 1:
            position = added(times(strip, length), inside)
            around = [Axis(strip, strips), *around]
        counters = [axis.index for axis in around][-len(rows) :]
        at: dict[Expr, Expr] = {axis.index: counter for axis, counter in zip(rows, counters, strict=True)}
        at[last.index] = position
        source = Place(place.slot, tuple(map_expr(at.get, i) for i in place.indices))
        body: Stmt = For(inside, length, (Assign(Place(slot, (*counters, position)), source),))
        for axis in reversed(around):
            body = For(axis.index, axis.extent, (body,))
        done.append(body)
    return done
