"""Overlay: large local tensors that are never live together share memory.

Rule: each element type has memory of its own, and in it every large local tensor a place such that no element is
written while another one that is still to be read lies there (`packing`). Where one tensor alone lies, it stays a
variable; where several of one shape lie exactly on each other, they become one variable of that shape; else they become
a vector, read and written at computed places. A copy of an element to itself, which is what joining or cutting in place
comes to, goes away. Loops over results may be joined (`rows`) and turned (`turning`). Nothing else changes: each number
is computed by the same operations in the same order, so it has the same bits.

Tensors that instances take or give as a whole stay as they are, since an instance sees its arguments in their shapes,
and so do the sums of a tile, which a compiler keeps in registers. What one loop has for itself shares memory within an
iteration (`arenas`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.arenas import Arena, arenas_of, live_peak, loop_peaks
from syncml.ir.step.overlay.curve import Curve, live_bytes
from syncml.ir.step.overlay.lifetimes import Lifetime, Timeline, timeline
from syncml.ir.step.overlay.rewrite import Block, Tenant, copies, in_blocks
from syncml.ir.step.overlay.rows import join_loops, private_slots
from syncml.ir.step.overlay.turning import arrange
from syncml.ir.step.syntax import Invoke, Machine, Place, Slot, Stmt
from syncml.ir.step.traverse import statements
from syncml.ir.types import Element, TensorType, element, element_bytes, size

__all__ = [
    "LARGE",
    "Block",
    "Curve",
    "Lifetime",
    "Placement",
    "Tenant",
    "live_bytes",
    "live_peak",
    "loop_peaks",
    "overlay",
    "place_tensors",
    "private_slots",
]

LARGE = 1024
"""The bytes from which on a local tensor is large; smaller ones are worth more as variables that a reader follows."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A machine, some of its loops turned, and the blocks in which its large tensors lie."""

    machine: Machine
    blocks: tuple[Block, ...]


def overlay(placement: Placement) -> Machine:
    """The machine of ``placement`` with its tensors in their blocks."""
    return in_blocks(placement.machine, placement.blocks)


def place_tensors(machine: Machine, large: int = LARGE, fixed: Collection[Slot] = ()) -> Placement:
    """Places of the local tensors of ``machine`` of at least ``large`` bytes; ``fixed`` are left out."""
    whole = {place.slot for place in _passed_whole(machine.body)}
    whole.update(slot for s in statements(machine.body) if isinstance(s, Invoke) for slot in s.results)
    chosen = [
        slot
        for slot in machine.locals
        if isinstance(slot.type, TensorType)
        and size(slot.type) * element_bytes(element(slot.type)) >= large
        and slot not in whole
        and slot not in fixed
        and not slot.near
    ]
    if len(chosen) < 2:
        return Placement(machine, ())
    machine = replace(machine, body=join_loops(machine.body, private_slots(machine.body)))
    machine, arenas = arenas_of(machine, chosen)
    private = private_slots(machine.body)
    found: list[Block] = []
    for kind in dict.fromkeys(element(slot.type) for slot in chosen):
        slots = [slot for slot in chosen if element(slot.type) == kind and slot not in private]
        mine = {key: arena for (key, of), arena in arenas.items() if of == kind}
        times = timeline(machine.body, slots, {key: arena.slot for key, arena in mine.items()})
        arranged = arrange(times, copies(machine.body, slots), private, {key for key, _ in arenas})
        machine = replace(machine, body=arranged.turn(machine.body))
        tenants = [tenant for placed in arranged.placed for tenant in _tenants(times, mine, *placed)]
        found += _blocks(kind, tenants)
    return Placement(machine, tuple(found))


def _tenants(
    times: Timeline, arenas: Mapping[int, Arena], slot: Slot, offset: int, lifetime: Lifetime
) -> Iterator[Tenant]:
    """A tensor, or those of an arena, as they are in the middle of their loop."""
    for nest in times.nests:
        arena = arenas.get(id(nest.loop))
        if arena is not None and arena.slot is slot:
            yield from (Tenant(s, offset + at, life) for s, at, life in arena.placed_in(nest))
            return
    yield Tenant(slot, offset, lifetime)


def _passed_whole(body: Iterable[Stmt]) -> Iterable[Place]:
    for stmt in statements(body):
        if isinstance(stmt, Invoke):
            yield from (a for a in stmt.arguments if isinstance(a, Place) and not a.indices)


def _blocks(kind: Element, tenants: Sequence[Tenant]) -> list[Block]:
    """Cut memory where no tensor crosses."""
    done: list[Block] = []
    group: list[Tenant] = []
    start = end = 0
    for tenant in sorted(tenants, key=lambda t: (t.offset, t.lifetime.begin)):
        if group and tenant.offset >= end:
            done.append(_block(kind, group, start, end))
            group = []
        if not group:
            start = end = tenant.offset
        group.append(tenant)
        end = max(end, tenant.offset + size(tenant.slot.type))
    if group:
        done.append(_block(kind, group, start, end))
    return done


def _block(kind: Element, group: Sequence[Tenant], start: int, end: int) -> Block:
    in_time = sorted(group, key=lambda t: t.lifetime.begin)
    return Block(kind, end - start, tuple(replace(t, offset=t.offset - start) for t in in_time))
