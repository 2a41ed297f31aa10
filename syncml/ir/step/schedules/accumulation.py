"""Accumulations: the loops of step code that a schedule may rearrange.

    for results { t[..] := start; for terms { t[..] := update } }
    for outer { for inner { t[..] := start }; for terms { for inner { t[..] := update } } }

Rule: the loops of the first and of the second form (where ``outer`` may be no loop at all) give each element of ``t``
the same value: ``start``, changed by ``update`` for the terms in the order of their loops. That holds if each element
belongs to one combination of the counters of ``results``, and ``start`` reads nothing of ``t`` and ``update`` only its
own element. Every order of loops in which the terms of one element keep theirs is then the same program.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncml.dataclass import dataclass
from syncml.ir.step.nests import Axis, Nest, nest_of
from syncml.ir.step.syntax import Expr, For, Literal, LoopIndex, Origin, Place, Slot, Stmt
from syncml.ir.step.traverse import map_expr, walk


@dataclass(frozen=True, slots=True)
class Accumulation:
    """``target := start``, then ``target := update`` for all terms.

    Attributes:
        target: Its indices are the counters of ``results``, or literals.
        results: The loops over elements, in the order of the axes of the target.
        terms: The loops over terms, the outermost first.
        start: What an element is before the first term.
        update: What it is after one more; reads the target once.
    """

    target: Place
    results: tuple[Axis, ...]
    terms: tuple[Axis, ...]
    start: Expr
    update: Expr
    origin: Origin | None


def accumulation_at(block: tuple[Stmt, ...], position: int) -> tuple[Accumulation, int] | None:
    """The accumulation at a position of a block, and how many statements it takes; None if there is none."""
    body = block[position : position + 2]
    outer: list[Axis] = []
    stmt = block[position]
    while isinstance(stmt, For) and len(stmt.body) == 1:
        outer.append(Axis(stmt.index, stmt.count))
        (stmt,) = stmt.body
    if isinstance(stmt, For) and len(stmt.body) == 2:
        outer.append(Axis(stmt.index, stmt.count))
        found = _accumulation(tuple(outer), stmt.body)
        return None if found is None else (found, 1)
    found = _accumulation((), body)
    return None if found is None else (found, 2)


def _accumulation(outer: tuple[Axis, ...], body: tuple[Stmt, ...]) -> Accumulation | None:
    nests = [nest_of(stmt) for stmt in body]
    if len(nests) != 2 or nests[0] is None or nests[1] is None:
        return None
    first, second = nests[0], nests[1]
    target = second.assign.target
    loops = {axis.index: axis for axis in (*outer, *second.axes)}
    own = [i for i in target.indices if isinstance(i, LoopIndex)]
    if not all(isinstance(i, Literal) or i in loops for i in target.indices) or len(set(own)) < len(own):
        return None
    terms = tuple(axis for axis in second.axes if axis.index not in own)
    if not terms or any(axis.index not in own for axis in outer):
        return None
    renamed = _same_elements(first, target, loops, frozenset(axis.index for axis in outer))
    if renamed is None:
        return None
    start, update = rename(first.assign.value, renamed), second.assign.value
    readings = [part for part in walk(update) if isinstance(part, Place) and part.slot is target.slot]
    if (
        readings != [target]
        or reads_slot(start, target.slot)
        or any(reads_slot(i, target.slot) for i in target.indices)
    ):
        return None
    results = tuple(loops[i] for i in own)
    return Accumulation(target, results, terms, start, update, second.assign.origin)


def _same_elements(
    first: Nest, target: Place, loops: Mapping[LoopIndex, Axis], outer: frozenset[LoopIndex]
) -> dict[LoopIndex, Expr] | None:
    """The counters of ``first`` by those of ``target`` if it sets the very elements of ``target``; None if not."""
    place = first.assign.target
    if place.slot is not target.slot:
        return None
    extents = {axis.index: axis.extent for axis in first.axes}
    renamed: dict[LoopIndex, Expr] = {}
    for ours, theirs in zip(place.indices, target.indices, strict=True):
        if isinstance(ours, LoopIndex) and ours in extents and isinstance(theirs, LoopIndex) and theirs not in outer:
            if extents[ours] != loops[theirs].extent or ours in renamed:
                return None
            renamed[ours] = theirs
        elif ours != theirs or (isinstance(theirs, LoopIndex) and theirs not in outer):
            return None
    return renamed if len(renamed) == len(first.axes) else None


def rename(expr: Expr, new: Mapping[LoopIndex, Expr]) -> Expr:
    """``expr`` with counters replaced."""
    return map_expr(lambda e: new.get(e) if isinstance(e, LoopIndex) else None, expr)


def reads_slot(expr: Expr, slot: Slot) -> bool:
    """Whether ``expr`` reads ``slot``."""
    return any(isinstance(part, Place) and part.slot is slot for part in walk(expr))


def same_elements_after(nest: Nest, made: Accumulation) -> dict[LoopIndex, Expr] | None:
    """The counters of ``nest`` by those of ``made`` if it goes over the elements of ``made`` alone, once each."""
    place = nest.assign.target
    if len(nest.axes) != len(made.results):
        return None
    renamed: dict[LoopIndex, Expr] = {}
    for axis, other in zip(nest.axes, made.results, strict=True):
        if axis.extent != other.extent:
            return None
        renamed[axis.index] = other.index
    indices = [i for i in place.indices if isinstance(i, LoopIndex)]
    if indices != [axis.index for axis in nest.axes]:
        return None
    return renamed if all(isinstance(i, Literal | LoopIndex) for i in place.indices) else None
