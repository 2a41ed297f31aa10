"""Memory for what one loop has for itself.

Rule: a tensor that each iteration of a loop sets before it reads it is live within an iteration and never from one to
the next. So such tensors of a loop are placed by their lifetimes in one iteration, the same in all, and seen from
outside they are one tensor, the *arena*, which is live as long as the loop runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.curve import live_bytes
from syncml.ir.step.overlay.lifetimes import NEVER, Lifetime, Moments, Nest, duration, timeline
from syncml.ir.step.overlay.rewrite import copies
from syncml.ir.step.overlay.rows import private_loops
from syncml.ir.step.overlay.turning import arrange
from syncml.ir.step.syntax import For, Machine, Slot, Stmt, Storage
from syncml.ir.step.traverse import blocks, with_blocks
from syncml.ir.types import Element, Scalar, TensorType, element, element_bytes, size, tensor


@dataclass(frozen=True, slots=True)
class Arena:
    """The tensors of one element type that a loop has for itself: each with its place, and its life in an iteration."""

    slot: Slot
    placed: tuple[tuple[Slot, int, Lifetime], ...]

    def placed_in(self, nest: Nest) -> tuple[tuple[Slot, int, Lifetime], ...]:
        """The same with the moments of an iteration in the middle of the loop."""
        stride = sum(map(duration, nest.loop.body))
        start = 2 * (nest.start + (nest.loop.count // 2) * stride)
        return tuple((s, at, Lifetime(_later(t.birth, start), _later(t.death, start))) for s, at, t in self.placed)


def _later(moments: Moments, by: int) -> Moments:
    return np.where((moments < NEVER) & (moments >= 0), moments + by, moments)


Peak: TypeAlias = tuple[int, int, int]
"""From when to when a loop runs, and how many bytes are live in one of its iterations at the most."""
Arenas: TypeAlias = Mapping[tuple[int, Element], Arena]
"""By the identity of the loop and the type of the elements."""


def arenas_of(machine: Machine, chosen: Collection[Slot]) -> tuple[Machine, Arenas]:
    """``machine`` with loops inside of its loops turned, and the arenas of those of ``chosen`` that loops have."""
    found: dict[tuple[int, Element], Arena] = {}
    new: dict[int, For] = {}
    for loop, slots in private_loops(machine.body):
        mine = [slot for slot in slots if slot in chosen]
        if len(mine) < 2:
            continue
        made, arenas = loop, list[Arena]()
        for kind in dict.fromkeys(element(slot.type) for slot in mine):
            here = [slot for slot in mine if element(slot.type) == kind]
            inner = {slot: k for k, (_, own) in enumerate(private_loops(made.body)) for slot in own}
            arranged = arrange(timeline(made.body, here), copies(made.body, here), inner)
            made = replace(made, body=arranged.turn(made.body))
            extent = max(at + size(slot.type) for slot, at, _ in arranged.placed)
            arenas.append(Arena(Slot(loop.index.name, tensor(kind, (extent,)), Storage.LOCAL), arranged.placed))
        new[id(loop)] = made
        found.update({(id(made), element(arena.slot.type)): arena for arena in arenas})
    return replace(machine, body=_with_loops(machine.body, new)) if new else machine, found


def _with_loops(body: tuple[Stmt, ...], new: Mapping[int, For]) -> tuple[Stmt, ...]:
    done: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, For):
            done.append(new.get(id(stmt), stmt))
        else:
            inner = blocks(stmt)
            done.append(with_blocks(stmt, tuple(_with_loops(b, new) for b in inner)) if inner else stmt)
    return tuple(done)


def loop_peaks(body: tuple[Stmt, ...], slots: Collection[Slot]) -> tuple[tuple[Slot, ...], tuple[Peak, ...]]:
    """Those of ``slots`` that no loop has for itself, and the most bytes of the others in an iteration of each loop."""
    mine = {id(loop): [s for s in own if s in slots] for loop, own in private_loops(body)}
    marks = {key: Slot("arena", tensor(Scalar.U8, (1,)), Storage.LOCAL) for key, own in mine.items() if own}
    peaks: list[Peak] = []
    for nest in timeline(body, (), marks).nests:
        found = timeline(nest.loop.body, mine[id(nest.loop)]).lifetimes
        live = live_bytes((life, element_bytes(element(slot.type))) for slot, life in found.items())
        (arena,) = nest.touched.values()
        peaks.append((arena.begin, arena.end, live.peak))
    private = {slot for own in mine.values() for slot in own}
    return tuple(slot for slot in slots if slot not in private), tuple(peaks)


def live_peak(machine: Machine) -> int:
    """The most bytes of local tensors that are live at one moment."""
    tensors = [slot for slot in machine.locals if isinstance(slot.type, TensorType)]
    outside, peaks = loop_peaks(machine.body, tensors)
    found = timeline(machine.body, outside).lifetimes
    return live_bytes(((life, element_bytes(element(slot.type))) for slot, life in found.items()), peaks).peak
