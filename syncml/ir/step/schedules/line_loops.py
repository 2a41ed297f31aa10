"""The loop over the rows of all maps of a group; the rule is that of `syncml.ir.step.schedules.lines`.

In an iteration each map has the rows that its readers reach, the newest last. All but the newest come from its line
buffer, to which they go back moved up by one as soon as the newest row is there. Of a map that others read too, all
rows are where they were before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias, TypeVar

from syncml.ir.constants import zero
from syncml.ir.step.lowering.elements import added, index, plus, times
from syncml.ir.step.nests import Axis
from syncml.ir.step.schedules.fresh import Locals
from syncml.ir.step.schedules.line_maps import Box, Piece, Reach, Reduction, reach, set_by
from syncml.ir.step.schedules.line_times import Part, Times, constant_of, is_zero
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    If,
    Literal,
    LoopIndex,
    Machine,
    Origin,
    Place,
    Slot,
    Stmt,
    Storage,
)
from syncml.ir.step.traverse import map_blocks, map_expr, with_expressions
from syncml.ir.types import element, shape, tensor

Indices: TypeAlias = tuple[Expr, ...]
T = TypeVar("T")


class LineLoop:
    """A group of statements of ``machine`` on its way to one loop."""

    def __init__(self, machine: Machine, times: Times) -> None:
        self._machine = machine
        self._times = times
        self._axes = times.group.axes
        self._row = LoopIndex("t")
        self._locals = Locals(machine)
        self._rows: dict[Slot, Slot] = {}
        self._past: dict[Slot, Slot] = {}
        for slot in times.group.maps:
            if slot in times.whole:
                continue
            kind, axis, depth = element(slot.type), self._axes[slot], times.depth[slot]
            extents = _with(shape(slot.type), axis, depth)
            self._rows[slot] = Slot(slot.name, tensor(kind, extents), Storage.LOCAL, None, slot.origin)
            if depth > 1:
                kept = tuple(high - low for low, high in self._box(slot, 0, depth - 1))
                self._past[slot] = self._locals.new(f"{slot.name}_past", tensor(kind, kept), origin=slot.origin)

    def run(self) -> tuple[tuple[Stmt, ...], Machine]:
        """The statements in the place of those of the group, and the machine with the locals that they need."""
        before: list[Stmt] = []
        body: list[Stmt] = []
        for part in self._times.group.parts:
            slot = part.target
            if isinstance(part, Reduction):
                made = part.made
                before.append(_over(made.results, Assign(made.target, made.start, made.origin)))
                update = Assign(made.target, made.update, made.origin)
                self._guarded(body, part, _over((*made.results, *made.terms[1:]), update))
                continue
            pieces = self._times.pieces(slot)
            if part is pieces[0]:
                joins = body and any(self._joins(body[-1], p) for p in pieces if self._is_computed(p))
                # What is set for all iterations stands before the test that both may share.
                body[len(body) - bool(joins) : len(body) - bool(joins)] = self._opened(slot)
                if slot in self._past:
                    before.append(_cleared(self._past[slot]))
                elif slot in self._times.whole:
                    before.append(_cleared(slot))
            if self._is_computed(part):
                self._guarded(body, part, part.stmt)
            if part is pieces[-1] and slot in self._past:
                body.append(self._moved(slot))
        kept = (self._rows.get(slot, slot) for slot in self._machine.locals)
        machine = replace(self._machine, locals=(*kept, *self._locals.added))
        return (*before, For(self._row, self._times.count, tuple(body))), machine

    def _is_computed(self, part: Piece) -> bool:
        """Whether ``part`` is there as a statement of its own, and not set for all iterations."""
        if part.target in self._times.whole:
            return True
        is_there = is_zero(part) and self._times.is_filled(part.target) and self._times.is_alone(part)
        return not self._times.is_repeated(part) and not is_there

    def _opened(self, slot: Slot) -> Iterator[Stmt]:
        """The older rows from the line buffer, zeros in the newest one, and what is the same in each row."""
        if slot in self._times.whole or not self._times.is_filled(slot):
            return
        rows, depth, nothing = self._rows[slot], self._times.depth[slot], Literal(zero(element(slot.type)))
        if slot in self._past:
            past = self._past[slot]
            yield _set(rows, self._box(slot, 0, depth - 1), lambda at: Place(past, at), slot.origin)
        yield _set(rows, self._box(slot, depth - 1, depth), lambda _: nothing, slot.origin)
        for part in self._times.pieces(slot):
            value = constant_of(part)
            if value is not None and self._times.is_repeated(part):
                constant = Literal(value)
                yield _set(rows, _with(set_by(part), part.axis, (0, depth)), lambda _, c=constant: c, slot.origin)

    def _moved(self, slot: Slot) -> Stmt:
        """All rows but the oldest into the line buffer."""
        past, lows = self._past[slot], [low for low, _ in self._box(slot, 1, self._times.depth[slot])]

        def row(at: Indices) -> Expr:
            return Place(self._rows[slot], tuple(plus(i, low) for i, low in zip(at, lows, strict=True)))

        return _set(past, tuple((0, extent) for extent in shape(past.type)), row, slot.origin)

    def _box(self, slot: Slot, first: int, stop: int) -> Box:
        """What is set anew in the rows from ``first`` to before ``stop`` of those that are there."""
        boxes = [set_by(part) for part in self._times.pieces(slot) if not self._times.is_repeated(part)]
        hull = tuple((min(low for low, _ in axis), max(high for _, high in axis)) for axis in zip(*boxes, strict=True))
        return _with(hull, self._axes[slot], (first, stop))

    def _guarded(self, body: list[Stmt], part: Part, stmt: Stmt) -> None:
        """Add ``stmt`` for the row of this iteration, under a test of whether there is such a row."""
        new = self._of_row(part, stmt)
        condition = self._condition(part)
        if condition is None:
            body += new
        elif body and self._joins(body[-1], part):
            last = body[-1]
            assert isinstance(last, If)
            body[-1] = replace(last, then=(*last.then, *new))
        else:
            body.append(If(condition, new))

    def _joins(self, last: Stmt, part: Part) -> bool:
        """Whether ``part`` belongs under the same test as ``last``."""
        return isinstance(last, If) and last.condition == self._condition(part)

    def _condition(self, part: Part) -> Expr | None:
        low, high = self._times.span(part)
        if high == low + 1:
            return Binary(BinaryOp.EQ, self._row, index(low))
        above, below = Binary(BinaryOp.GE, self._row, index(low)), Binary(BinaryOp.LT, self._row, index(high))
        if low == 0:
            return None if high == self._times.count else below
        return above if high == self._times.count else Binary(BinaryOp.AND, above, below)

    def _of_row(self, part: Part, stmt: Stmt) -> tuple[Stmt, ...]:
        """``stmt`` without its loop over rows, at the row of this iteration."""
        first = self._times.span(part)[0]
        here: Expr = Binary(BinaryOp.SUB, self._row, index(first)) if first else self._row

        def changed(expr: Expr) -> Expr | None:
            if expr is part.counter:
                return here
            if not isinstance(expr, Place) or expr.slot not in self._rows:
                return None
            axis = self._axes[expr.slot]
            own = expr.slot is part.target
            position = index(self._times.depth[expr.slot] - 1) if own else self._position(part, expr, axis)
            indices = (position if k == axis else map_expr(changed, i) for k, i in enumerate(expr.indices))
            return Place(self._rows[expr.slot], tuple(indices))

        def without(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
            done: list[Stmt] = []
            for inner in block:
                if isinstance(inner, For) and inner.index is part.counter:
                    done += inner.body
                else:
                    done.append(with_expressions(inner, changed))
            return tuple(done)

        return map_blocks(without, (stmt,))

    def _position(self, part: Part, place: Place, axis: int) -> Expr:
        """Where the rows that ``part`` reaches by ``place`` are among those that are there."""
        found = reach(place, axis, part)
        assert found is not None
        return _sum(found, self._times.oldest(part, place.slot))


def _sum(found: Reach, start: int) -> Expr:
    """The row at a distance from the oldest that is there; nothing in the sum is negative."""
    total: Expr = index(0)
    for counter, factor in found.terms:
        if factor > 0:
            total = added(total, times(counter, factor))
    total = plus(total, start + found.constant)
    for counter, factor in found.terms:
        if factor < 0:
            total = Binary(BinaryOp.SUB, total, times(counter, -factor))
    return total


def _set(slot: Slot, box: Box, value: Callable[[Indices], Expr], origin: Origin | None) -> Stmt:
    """``slot[low + at] := value(at)`` for all elements of ``box``."""
    axes = [Axis(LoopIndex("ijklmnpq"[k % 8]), high - low) for k, (low, high) in enumerate(box)]
    at = tuple(index(0) if axis.extent == 1 else axis.index for axis in axes)
    target = Place(slot, tuple(plus(i, low) for i, (low, _) in zip(at, box, strict=True)))
    return _over([axis for axis in axes if axis.extent > 1], Assign(target, value(at), origin))


def _cleared(slot: Slot) -> Stmt:
    """Zeros in ``slot``, of which no single iteration sets all elements."""
    nothing = Literal(zero(element(slot.type)))
    return _set(slot, tuple((0, extent) for extent in shape(slot.type)), lambda _: nothing, slot.origin)


def _over(axes: Iterable[Axis], stmt: Stmt) -> Stmt:
    """``stmt`` in loops, the first of ``axes`` outermost."""
    for axis in reversed(tuple(axes)):
        stmt = For(axis.index, axis.extent, (stmt,))
    return stmt


def _with(values: tuple[T, ...], axis: int, value: T) -> tuple[T, ...]:
    return (*values[:axis], value, *values[axis + 1 :])
