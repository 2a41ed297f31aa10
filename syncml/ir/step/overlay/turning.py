"""Loops that may as well run backwards, and which of them do so that tensors lie closer together.

Rule: a loop over the rows of a result (`rows`) may be turned. It then computes the same numbers in the same way, in
another order of the results, not of the terms of any sum.
Turned are the loops over the results but the innermost of them, along which memory is contiguous.

A result runs behind the front at which its argument is read: upwards below it, or turned, downwards above it. A chain
of layers drifts downwards with every layer; where one of them is turned, it comes up again for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.overlay.curve import live_bytes
from syncml.ir.step.overlay.lifetimes import Lifetime, Nest, Timeline, touched_by
from syncml.ir.step.overlay.packing import Packing, Relations, pack, related_anew, relations
from syncml.ir.step.overlay.rows import row_axis, rows_of
from syncml.ir.step.syntax import (
    Binary,
    BinaryOp,
    Expr,
    For,
    Literal,
    LoopIndex,
    Slot,
    Stmt,
)
from syncml.ir.step.traverse import blocks, map_blocks, with_blocks, with_expressions
from syncml.ir.types import I64


def turned(nest: For, private: Collection[Slot]) -> For | None:
    """``nest`` with the loops over its results turned, None if they may not be; ``private`` as in `rows`."""
    found = rows_of(nest, private)
    if found is None:
        return None
    # Loops are turned from the outermost on, without one in between that the target is summed over.
    own = list(takewhile(lambda loop: row_axis(found[1], loop.index) is not None, _chain(nest)))
    chosen = own[:-1] if len(own) > 1 else own
    if not chosen:
        return None
    counts = {loop.index: loop.count for loop in chosen}

    def mirrored(expr: Expr) -> Expr | None:
        if isinstance(expr, LoopIndex) and expr in counts:
            return Binary(BinaryOp.SUB, Literal(Const(counts[expr] - 1, I64)), expr)
        return None

    def change(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(with_expressions(stmt, mirrored) for stmt in block)

    (result,) = map_blocks(change, (nest,))
    assert isinstance(result, For)
    return result


def _chain(nest: For) -> Iterator[For]:
    """The loops around all that ``nest`` does, outermost first."""
    loop: Stmt = nest
    while isinstance(loop, For):
        yield loop
        if len(loop.body) != 1:
            break
        loop = loop.body[0]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Tensors with their places and lifetimes, and the loops that are turned for it, by their identity."""

    placed: tuple[tuple[Slot, int, Lifetime], ...]
    loops: Mapping[int, For]

    def turn(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """``body`` with these loops turned."""
        if not self.loops:
            return body
        done: list[Stmt] = []
        for stmt in body:
            inner = blocks(stmt)
            if isinstance(stmt, For):
                done.append(self.loops.get(id(stmt), stmt))
            else:
                done.append(with_blocks(stmt, tuple(map(self.turn, inner))) if inner else stmt)
        return tuple(done)


def arrange(
    times: Timeline,
    copies: Collection[tuple[int, int, int]],
    private: Collection[Slot],
    kept: Collection[int] = (),
) -> Arrangement:
    """Place the tensors of ``times``, and turn loops, but for those ``kept``, where that makes the block smaller.

    One loop after the other is turned unless that makes the block larger, for often several have to be before it gets
    smaller; then each is turned back unless that does.
    """
    search = _Search.start(times, copies)
    if search.packing.extent > search.bound:
        free = [nest for nest in times.nests if id(nest.loop) not in kept]
        nests = [(nest, other) for nest in free if (other := _turned(nest, private)) is not None]
        first = search
        for nest, other in nests:
            search = search.better(nest, other)
        if search.packing.extent >= first.packing.extent:
            search = first
        for nest, _ in nests:
            if id(nest.loop) in search.loops:
                search = search.better(nest, nest)
    tensors = zip(search.slots, search.packing.offsets, search.tensors, strict=True)
    return Arrangement(tuple(tensors), search.loops)


def _turned(nest: Nest, private: Collection[Slot]) -> Nest | None:
    loop = turned(nest.loop, private)
    return None if loop is None else Nest(loop, nest.start, touched_by(loop, nest.start, nest.touched.keys()))


@dataclass(frozen=True, slots=True)
class _Search:
    """One choice of turned loops and what it leads to."""

    times: Timeline
    copies: Collection[tuple[int, int, int]]
    slots: tuple[Slot, ...]
    tensors: tuple[Lifetime, ...]
    near: Relations
    packing: Packing
    bound: int
    loops: Mapping[int, For]

    @staticmethod
    def start(times: Timeline, copies: Collection[tuple[int, int, int]]) -> _Search:
        """The choice to turn nothing."""
        found = times.lifetimes
        tensors = tuple(found.values())
        near = relations(tensors)
        bound = live_bytes((tensor, 1) for tensor in tensors).peak
        return _Search(times, copies, tuple(found), tensors, near, pack(tensors, near, copies), bound, {})

    def better(self, nest: Nest, other: Nest) -> _Search:
        """The choice to have ``other`` in the place of ``nest``, unless it makes the block larger."""
        nests = tuple(replace(n, touched=other.touched) if n.start == nest.start else n for n in self.times.nests)
        times = replace(self.times, nests=nests)
        found = times.lifetimes
        tensors = tuple(found[slot] for slot in self.slots)
        changed = {k for k, slot in enumerate(self.slots) if slot in nest.touched}
        near = related_anew(tensors, self.near, changed)
        packing = pack(tensors, near, self.copies)
        if packing.extent > self.packing.extent:
            return self
        loops = {key: loop for key, loop in self.loops.items() if key != id(nest.loop)}
        if other is not nest:
            loops[id(nest.loop)] = other.loop
        return replace(self, times=times, tensors=tensors, near=near, packing=packing, loops=loops)
