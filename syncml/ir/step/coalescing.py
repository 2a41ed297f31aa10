"""Tensors that are copied whole become one where neither is written while the other is needed.

    held := self.w;  update held;  self.w := held        becomes        update self.w

Rule: two slots *interfere* if one is written, not with the value of the other, at a point after which the other is
read before all of it is written again (Chaitin et al., "Register allocation via coloring", 1981). Slots that a copy
joins and that do not interfere are one slot, and the copy is left out; a register joins locals, never another
register. A nest of loops that reads an element only where it writes the same element of another slot reads first.

Memory is written at element grain: only a nest that sets every element counts as writing all of a tensor, and what is
read anywhere later is needed from there back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from syncml.ir.step.nests import Nest, copied, counters, is_idle, nest_of
from syncml.ir.step.syntax import Expr, For, If, Invoke, LoopIndex, Machine, Place, Slot, Stmt, Storage, Switch
from syncml.ir.step.traverse import blocks, map_blocks, map_expr, own_expressions, statements, walk, with_expressions

_JOINED = (Storage.LOCAL, Storage.STATE)


def coalesced(machine: Machine) -> Machine:
    """``machine`` with the tensors that copies join in one slot, where they do not interfere."""
    copies = [pair for stmt in statements(machine.body) if (pair := _whole_copy(stmt)) is not None]
    if not copies:
        return machine
    slots = tuple(dict.fromkeys(slot for pair in copies for slot in pair))
    stands_for = _joined(slots, copies, _Interference(slots).pairs(machine))
    if not stands_for:
        return machine

    def change(part: Expr) -> Expr | None:
        if not isinstance(part, Place) or part.slot not in stands_for:
            return None
        return Place(stands_for[part.slot], tuple(map_expr(change, index) for index in part.indices))

    def rewritten(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        changed = (with_expressions(stmt, change) for stmt in body)
        return tuple(_with_results(stmt, stands_for) for stmt in changed if not is_idle(stmt))

    kept = tuple(slot for slot in machine.locals if slot not in stands_for)
    return replace(machine, body=map_blocks(rewritten, machine.body), locals=kept)


def _with_results(stmt: Stmt, stands_for: Mapping[Slot, Slot]) -> Stmt:
    if not isinstance(stmt, Invoke) or stands_for.keys().isdisjoint(stmt.results):
        return stmt
    return replace(stmt, results=tuple(stands_for.get(slot, slot) for slot in stmt.results))


def _whole_copy(stmt: Stmt) -> tuple[Slot, Slot] | None:
    """The target and the source of a nest that copies a tensor."""
    nest = nest_of(stmt)
    if nest is None or not nest.axes or counters(nest) is None or (source := copied(nest)) is None:
        return None
    target = nest.assign.target.slot
    ours = all(slot.storage in _JOINED and not slot.near and not slot.holds for slot in (target, source.slot))
    return (target, source.slot) if ours and target is not source.slot else None


def _joined(
    slots: Sequence[Slot], copies: Iterable[tuple[Slot, Slot]], interfering: Mapping[Slot, set[Slot]]
) -> dict[Slot, Slot]:
    """What stands for each slot that is gone; copies are tried in the order of the code."""
    group: dict[Slot, list[Slot]] = {slot: [slot] for slot in slots}
    for pair in copies:
        first, second = (group[slot] for slot in pair)
        apart = any(not interfering[a].isdisjoint(second) for a in first)
        registers = sum(slot.storage is Storage.STATE for slot in (*first, *second))
        if first is second or apart or registers > 1:
            continue
        first += second
        for slot in second:
            group[slot] = first
    chosen = {id(found): next((s for s in found if s.storage is Storage.STATE), found[0]) for found in group.values()}
    return {slot: chosen[id(found)] for slot, found in group.items() if chosen[id(found)] is not slot}


class _Interference:
    """Which of some slots may not be one; sets of slots are numbers with a bit for each."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        self._bit = {slot: 1 << number for number, slot in enumerate(slots)}
        self._apart: dict[Slot, int] = dict.fromkeys(slots, 0)

    def pairs(self, machine: Machine) -> Mapping[Slot, set[Slot]]:
        """The slots that interfere with each."""
        self._before(machine.body, self._bits(s for s in self._slots if s.storage is Storage.STATE))
        found: dict[Slot, set[Slot]] = {slot: set() for slot in self._slots}
        for slot, others in self._apart.items():
            for other in self._slots:
                if others & self._bit[other] and other is not slot:
                    found[slot].add(other)
                    found[other].add(slot)
        return found

    def _bits(self, slots: Iterable[Slot]) -> int:
        found = 0
        for slot in slots:
            found |= self._bit.get(slot, 0)
        return found

    def _read(self, expressions: Iterable[Expr]) -> int:
        return self._bits(part.slot for expr in expressions for part in walk(expr) if isinstance(part, Place))

    def _before(self, body: tuple[Stmt, ...], needed: int) -> int:
        """What is needed before ``body`` if ``needed`` is needed after it."""
        for stmt in reversed(body):
            nest = nest_of(stmt)
            needed = self._before_nest(nest, needed) if nest is not None else self._before_other(stmt, needed)
        return needed

    def _before_nest(self, nest: Nest, needed: int) -> int:
        assign = nest.assign
        target, value = assign.target, assign.value
        slot, whole = target.slot, counters(nest) is not None
        # Each iteration reads before it writes, and writes what no other reads, if it is the only one at its indices.
        alone = {i for i in target.indices if isinstance(i, LoopIndex)}.issuperset(axis.index for axis in nest.axes)
        inside = [p for p in walk(value) if isinstance(p, Place)]
        elsewhere = [p.slot for p in inside if p.indices != target.indices or not alone] if nest.axes else []
        read = self._read((value, *target.indices))
        if slot in self._bit:
            apart = needed | self._bits(elsewhere) | (self._read(target.indices) if nest.axes else 0)
            # A copy of what another slot holds there leaves both with the same.
            same = [] if elsewhere or len(inside) > 1 or not copied(nest) else [p.slot for p in inside]
            self._apart[slot] |= apart & ~self._bits((slot, *same))
            if whole:
                needed &= ~self._bit[slot]
        return needed | read

    def _before_other(self, stmt: Stmt, needed: int) -> int:
        match stmt:
            case For():
                before = needed
                while True:
                    start = self._before(stmt.body, before)
                    if start | before == before:
                        return before if stmt.count < 1 else start
                    before |= start
            case If() | Switch():
                # A constructor without a case does nothing.
                before = needed if isinstance(stmt, Switch) else 0
                for block in blocks(stmt):
                    before |= self._before(block, needed)
                return before | self._read(own_expressions(stmt))
            case Invoke():
                read = self._read(own_expressions(stmt))
                # Results may be written before arguments are read, and may keep what they are.
                results = self._bits(stmt.results)
                for slot in stmt.results:
                    if slot in self._bit:
                        self._apart[slot] |= (needed | read | results) & ~self._bit[slot]
                return needed | read
            case _:
                return needed
