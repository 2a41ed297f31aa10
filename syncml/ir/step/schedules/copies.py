"""Copies of tensors that nobody needs.

    for i { for j { t[i][j] := s[f][i][j] } };  .. t[a][b] ..    becomes    .. s[f][a][b] ..

Rule: a local that one nest sets, element by element, to elements of another tensor stands for these: whoever reads it
reads them, if all who do come after the nest in its block, and nothing that the nest reads is written until the last of
them. A sweep over the instants of a segment then reads its buffers where they lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.ir.step.lowering.elements import literal_index
from syncml.ir.step.nests import nest_of
from syncml.ir.step.syntax import Expr, Invoke, LoopIndex, Machine, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import (
    blocks,
    map_blocks,
    map_expr,
    own_expressions,
    reads,
    statements,
    walk,
    with_blocks,
    with_expressions,
    writes,
)
from syncml.ir.types import shape


@dataclass(frozen=True, slots=True)
class Copy:
    """``target[axes] := source`` for all elements of ``target``; an axis of one element has no counter."""

    target: Slot
    axes: tuple[LoopIndex | None, ...]
    source: Place


def without_copies(machine: Machine) -> Machine:
    """``machine`` reading what such locals are copies of."""
    copies = _Copies(machine)
    body = copies.block(machine.body)
    return replace(machine, body=body, locals=tuple(s for s in machine.locals if s not in copies.gone))


@dataclass(slots=True)
class _Uses:
    """The statements of a block in which each slot is read and written, and how often it is read."""

    read: dict[Slot, list[int]] = field(default_factory=dict[Slot, list[int]])
    written: dict[Slot, list[int]] = field(default_factory=dict[Slot, list[int]])
    count: Counter[Slot] = field(default_factory=Counter[Slot])


class _Copies:
    def __init__(self, machine: Machine) -> None:
        everything = list(statements(machine.body))
        self._readings = Counter(slot for stmt in everything for slot in reads(stmt))
        self._writings = Counter(slot for stmt in everything for slot in writes(stmt))
        self._whole = set(_taken_whole(everything))
        self.gone: set[Slot] = set()

    def block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        uses = _uses(body)
        stands_for: dict[Slot, Copy] = {}
        done: list[Stmt] = []
        for position, stmt in enumerate(body):
            changed = _reading(stmt, stands_for) if stands_for else stmt
            copy = copy_of(changed)
            if copy is not None and self._needless(copy, position, uses):
                stands_for[copy.target] = copy
                self.gone.add(copy.target)
                later = uses.read[copy.target]
                for part in walk(copy.source):
                    if isinstance(part, Place):
                        uses.read[part.slot] = sorted({*uses.read.get(part.slot, ()), *later})
            else:
                done.append(changed)
        return tuple(
            with_blocks(stmt, tuple(map(self.block, inner))) if (inner := blocks(stmt)) else stmt for stmt in done
        )

    def _needless(self, copy: Copy, position: int, uses: _Uses) -> bool:
        slot = copy.target
        later = uses.read.get(slot, [])
        if self._writings[slot] != 1 or slot in self._whole or not later or later[0] <= position:
            return False
        if uses.count[slot] != self._readings[slot]:
            return False
        sources = {part.slot for part in walk(copy.source) if isinstance(part, Place)}
        return not any(position < n <= later[-1] for s in sources for n in uses.written.get(s, ()))


def copy_of(stmt: Stmt) -> Copy | None:
    """``stmt`` as a copy of a tensor, or None."""
    nest = nest_of(stmt)
    if nest is None:
        return None
    target, source = nest.assign.target, nest.assign.value
    slot = target.slot
    if slot.storage is not Storage.LOCAL or slot.near or not target.indices or not isinstance(source, Place):
        return None
    if source.slot is slot or not source.indices:
        return None
    extents = {axis.index: axis.extent for axis in nest.axes}
    axes: list[LoopIndex | None] = []
    for index, extent in zip(target.indices, shape(slot.type), strict=True):
        if isinstance(index, LoopIndex) and extents.pop(index, None) == extent:
            axes.append(index)
        elif extent == 1 and literal_index(index) == 0:
            axes.append(None)
        else:
            return None
    return None if extents else Copy(slot, tuple(axes), source)


def _uses(body: tuple[Stmt, ...]) -> _Uses:
    found = _Uses()
    for position, stmt in enumerate(body):
        inner = list(statements((stmt,)))
        read = [slot for part in inner for slot in reads(part)]
        found.count.update(read)
        for slot in dict.fromkeys(read):
            found.read.setdefault(slot, []).append(position)
        for slot in dict.fromkeys(slot for part in inner for slot in writes(part)):
            found.written.setdefault(slot, []).append(position)
    return found


def _taken_whole(body: Iterable[Stmt]) -> Iterable[Slot]:
    for stmt in body:
        if isinstance(stmt, Invoke):
            yield from stmt.results
        for expr in own_expressions(stmt):
            yield from (part.slot for part in walk(expr) if isinstance(part, Place) and not part.indices)


def _reading(stmt: Stmt, stands_for: dict[Slot, Copy]) -> Stmt:
    """``stmt`` with what each copy stands for in its place."""

    def change(part: Expr) -> Expr | None:
        if not isinstance(part, Place) or part.slot not in stands_for:
            return None
        copy = stands_for[part.slot]
        indices = tuple(map_expr(change, index) for index in part.indices)
        at: dict[Expr, Expr] = {own: i for own, i in zip(copy.axes, indices, strict=True) if own is not None}
        # What the source is a copy of stands in it already.
        return map_expr(at.get, copy.source)

    (changed,) = map_blocks(lambda block: tuple(with_expressions(each, change) for each in block), (stmt,))
    return changed
