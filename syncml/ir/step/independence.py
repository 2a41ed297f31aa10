"""Loops whose iterations may run in any order, or at the same time.

Rule: iterations are independent if what each writes is its own: variables that it sets before it reads them and that
nothing outside reads, and elements of tensors that no other iteration reads or writes. Elements are told apart by one
index: along some axis every access to the tensor has the index ``stride * i + rest``, where ``i`` is the counter of the
loop and the values of all the rests lie within less than one stride.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from syncml.ir.step.assignment import unassigned
from syncml.ir.step.overlay.rewrite import linear
from syncml.ir.step.syntax import Expr, For, Invoke, LoopIndex, Machine, Place, Reset, Slot, Storage
from syncml.ir.step.traverse import own_expressions, statements, walk, written_in
from syncml.ir.types import shape


def independent(loop: For, machine: Machine, own: Set[Slot] = frozenset()) -> bool:
    """Whether the iterations of ``loop`` are independent, if each has variables ``own`` for itself.

    Args:
        loop: Of ``machine``, without calls of instances.
        machine: The machine.
        own: Locals that occur only in the loop.
    """
    inner = list(statements(loop.body))
    if any(isinstance(stmt, Invoke | Reset) for stmt in inner):
        return False
    if not own.isdisjoint(unassigned(replace(machine, body=loop.body))):
        return False
    extents = {stmt.index: stmt.count for stmt in inner if isinstance(stmt, For)}
    shared = written_in(loop.body) - own
    accesses: dict[Slot, list[Place]] = {slot: [] for slot in shared}
    for stmt in inner:
        for expr in own_expressions(stmt):
            for part in walk(expr):
                if isinstance(part, Place) and part.slot in shared:
                    accesses[part.slot].append(part)
    return all(_apart(slot, found, loop, extents) for slot, found in accesses.items())


def _apart(slot: Slot, accesses: list[Place], loop: For, extents: dict[LoopIndex, int]) -> bool:
    """Whether some axis keeps the elements of different iterations apart."""
    if slot.storage is Storage.INPUT or any(len(place.indices) != len(shape(slot.type)) for place in accesses):
        return False
    return any(
        _is_apart([place.indices[axis] for place in accesses], loop, extents) for axis in range(len(shape(slot.type)))
    )


def _is_apart(indices: list[Expr], loop: For, extents: dict[LoopIndex, int]) -> bool:
    found = [_stride_and_rest(index, loop, extents) for index in indices]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return False
    strides, low, high = {s for s, _, _ in known}, min(a for _, a, _ in known), max(b for _, _, b in known)
    return len(strides) == 1 and high - low < min(strides)


def _stride_and_rest(index: Expr, loop: For, extents: dict[LoopIndex, int]) -> tuple[int, int, int] | None:
    """How far one iteration moves the index, and the least and the greatest value of the rest; None if unknown."""
    factors: dict[Expr, int] = {}
    low = high = linear(index, 1, factors)
    stride = factors.pop(loop.index, 0)
    for term, factor in factors.items():
        if not isinstance(term, LoopIndex) or term not in extents:
            return None
        reach = factor * (extents[term] - 1)
        low, high = low + min(reach, 0), high + max(reach, 0)
    return stride, low, high
