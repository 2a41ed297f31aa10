"""Axes of local tensors in the order that suits vectors: channels last.

    y[c][h][w], w short    becomes    y[h][w][c]    with the loop over c innermost

Rule: where the elements of a local lie is nobody's business but its own, so its axes may be permuted wherever it is
read and written. Loops around assignments to one tensor, none of which reads it, may be split into a nest for each of
them, with their loops in any order, if every assignment goes over elements of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import combinations

from syncml.ir.step.lowering.elements import literal_index
from syncml.ir.step.nests import Axis, Nest
from syncml.ir.step.schedules.accumulation import reads_slot
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    If,
    Invoke,
    LoopIndex,
    Machine,
    Place,
    Reset,
    Slot,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import map_blocks, map_expr, own_expressions, statements, walk, with_expressions
from syncml.ir.types import element, shape, tensor

VECTOR = 16
"""Shorter axes are too short for vectors."""


def channels_last(machine: Machine) -> Machine:
    """``machine`` with the first axis of local tensors last, where that is long and the last one is short."""
    whole = set(_taken_whole(machine.body))
    new = {slot: _rotated(slot) for slot in machine.locals if slot not in whole and _is_short(slot)}
    if not new:
        return machine

    def moved(expr: Expr) -> Expr | None:
        if not isinstance(expr, Place) or expr.slot not in new:
            return None
        first, *rest = (map_expr(moved, index) for index in expr.indices)
        return Place(new[expr.slot], (*rest, first))

    body = map_blocks(lambda block: tuple(with_expressions(stmt, moved) for stmt in block), machine.body)
    body = in_order(body, frozenset(new.values()))
    return replace(machine, body=body, locals=tuple(new.get(slot, slot) for slot in machine.locals))


def _is_short(slot: Slot) -> bool:
    extents = shape(slot.type)
    return len(extents) > 1 and extents[-1] < VECTOR <= extents[0]


def _rotated(slot: Slot) -> Slot:
    first, *rest = shape(slot.type)
    return Slot(slot.name, tensor(element(slot.type), (*rest, first)), Storage.LOCAL, None, slot.origin)


def _taken_whole(body: Iterable[Stmt]) -> Iterable[Slot]:
    for stmt in statements(body):
        if isinstance(stmt, Invoke):
            yield from stmt.results
        for expr in own_expressions(stmt):
            yield from (part.slot for part in walk(expr) if isinstance(part, Place) and not part.indices)


def in_order(body: tuple[Stmt, ...], slots: Collection[Slot]) -> tuple[Stmt, ...]:
    """``body`` with the loops around assignments to ``slots`` in the order of their axes, a nest for each of them."""
    done: list[Stmt] = []
    for stmt in body:
        match stmt:
            case For():
                done += _split(stmt, slots) or [replace(stmt, body=in_order(stmt.body, slots))]
            case If():
                done.append(replace(stmt, then=in_order(stmt.then, slots), otherwise=in_order(stmt.otherwise, slots)))
            case Switch():
                done.append(replace(stmt, cases=tuple((name, in_order(b, slots)) for name, b in stmt.cases)))
            case Assign() | Invoke() | Reset():
                done.append(stmt)
    return tuple(done)


def _split(loop: For, slots: Collection[Slot]) -> list[Stmt] | None:
    """A nest for each assignment inside of ``loop``, if they may be split and ordered, and there is nothing else."""
    if not all(isinstance(stmt, For | Assign) for stmt in statements((loop,))):
        return None
    nests = list(_nests(loop, ()))
    targets = {nest.assign.target.slot for nest in nests}
    if len(targets) != 1:
        return None
    (target,) = targets
    if target not in slots or any(reads_slot(nest.assign.value, target) for nest in nests):
        return None
    boxes = [_box(nest) for nest in nests]
    known = [box for box in boxes if box is not None]
    if len(known) < len(boxes) or any(_overlap(one, two) for one, two in combinations(known, 2)):
        return None
    return [_ordered(nest) for nest in nests]


def _nests(stmt: Stmt, around: tuple[Axis, ...]) -> Iterable[Nest]:
    match stmt:
        case For():
            for inner in stmt.body:
                yield from _nests(inner, (*around, Axis(stmt.index, stmt.count)))
        case Assign():
            yield Nest(around, stmt)
        case _:
            return


def _box(nest: Nest) -> tuple[tuple[int, int], ...] | None:
    """The elements that are assigned, an interval for each axis; None if they may not be one for each iteration."""
    extents = {axis.index: axis.extent for axis in nest.axes}
    intervals: list[tuple[int, int]] = []
    for index in nest.assign.target.indices:
        counter, start = _position(index)
        if start is None:
            return None
        extent = 1 if counter is None else extents.pop(counter, 0)
        intervals.append((start, start + extent))
    # A counter that is left over, or that names no axis of its own, would assign an element twice.
    return None if extents or any(low == high for low, high in intervals) else tuple(intervals)


def _position(index: Expr) -> tuple[LoopIndex | None, int | None]:
    """An index as a counter, if there is one, and a constant; the constant is None if it is none of that."""
    known = literal_index(index)
    if known is not None:
        return None, known
    match index:
        case LoopIndex():
            return index, 0
        case Binary(op=BinaryOp.ADD, left=LoopIndex() as counter, right=right):
            return counter, literal_index(right)
        case _:
            return None, None


def _overlap(one: tuple[tuple[int, int], ...], two: tuple[tuple[int, int], ...]) -> bool:
    return all(
        low < other_high and other_low < high for (low, high), (other_low, other_high) in zip(one, two, strict=True)
    )


def _ordered(nest: Nest) -> Stmt:
    """The nest with its loops in the order of the axes of the target, and counters of its own."""
    counts = {axis.index: axis.extent for axis in nest.axes}
    order = [c for c, _ in map(_position, nest.assign.target.indices) if c is not None]
    new = {counter: LoopIndex("ijklmnpq"[n % 8]) for n, counter in enumerate(order)}
    done: Stmt = with_expressions(nest.assign, lambda e: new.get(e) if isinstance(e, LoopIndex) else None)
    for counter in reversed(order):
        done = For(new[counter], counts[counter], (done,))
    return done
