"""Loops of elementary functions that write through one pointer and read through another.

    out[i] := f(state[i])    becomes    result[i] := f(state[i]); out[i] := result[i]

Rule: a nest of loops whose target is read nowhere in it gives the same values in whichever memory they are first.
Interface and state are pointers in C; a compiler that does not know that they never overlap cannot compute several
elements at once, and to copy them is nothing beside an elementary function.
"""

from __future__ import annotations

from syncml.ir.step.nests import Axis, Nest, nest_of
from syncml.ir.step.schedules.accumulation import reads_slot
from syncml.ir.step.schedules.fresh import Locals
from syncml.ir.step.syntax import Apply, Assign, For, LoopIndex, Machine, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import map_blocks, walk
from syncml.ir.types import element, shape, tensor

_POINTERS = (Storage.INPUT, Storage.OUTPUT, Storage.STATE)


def in_own_memory(machine: Machine) -> Machine:
    """``machine`` with the results of such loops in a local first."""
    found = Locals(machine)

    def change(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(part for stmt in block for part in _separated(stmt, found))

    return found.with_body(map_blocks(change, machine.body))


def _separated(stmt: Stmt, found: Locals) -> list[Stmt]:
    nest = nest_of(stmt)
    if nest is None or not _crosses(nest):
        return [stmt]
    target = nest.assign.target
    name, kind = f"{target.slot.name}_new", element(target.slot.type)
    slot = found.new(name, tensor(kind, tuple(axis.extent for axis in nest.axes)))
    own = Place(slot, tuple(axis.index for axis in nest.axes))
    copied = {axis.index: LoopIndex(axis.index.name) for axis in nest.axes}
    place = Place(target.slot, tuple(copied[i] if isinstance(i, LoopIndex) else i for i in target.indices))
    source = Place(slot, tuple(copied.values()))
    again = tuple(Axis(copied[axis.index], axis.extent) for axis in nest.axes)
    return [
        _looped(nest.axes, Assign(own, nest.assign.value, nest.assign.origin)),
        _looped(again, Assign(place, source, nest.assign.origin)),
    ]


def _looped(axes: tuple[Axis, ...], body: Stmt) -> Stmt:
    for axis in reversed(axes):
        body = For(axis.index, axis.extent, (body,))
    return body


def _crosses(nest: Nest) -> bool:
    target, value = nest.assign.target, nest.assign.value
    if target.slot.storage not in _POINTERS or not nest.axes or reads_slot(value, target.slot):
        return False
    if not all(isinstance(i, LoopIndex) for i in target.indices) or len(target.indices) != len(nest.axes):
        return False
    if not any(isinstance(part, Apply) and part.function.body for part in walk(value)):
        return False
    return any(isinstance(part, Place) and _may_overlap(target.slot, part.slot) for part in walk(value))


def _may_overlap(written: Slot, read: Slot) -> bool:
    """Whether C reaches the two through pointers of which it does not know that they differ."""
    if read.storage not in _POINTERS or not shape(read.type):
        return False
    return written.storage is not Storage.STATE or read.storage is not Storage.STATE
