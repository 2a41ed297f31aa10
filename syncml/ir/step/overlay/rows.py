"""Loops over the rows of a result: which they are, and neighbours among them as one loop.

Rule: a loop goes over rows of a tensor if it writes nothing else, and its counter is the index of every access to the
tensor along one axis. Its iterations are independent then: each writes rows of its own, and reads nothing that another
one writes. Variables that only one loop mentions, and that each iteration sets before it reads them, are its own and
may be written too.

Two neighbouring loops over as many rows of one tensor are one loop: each element is written by the same operations, and
before or after the same others of its row. What the first one has read may be overwritten a row later, and not only
after the last row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from syncml.ir.step.syntax import Assign, Expr, For, Invoke, LoopIndex, Place, Reset, Slot, Stmt, Storage
from syncml.ir.step.traverse import (
    blocks,
    expressions,
    map_blocks,
    mentioned,
    reads,
    statements,
    with_blocks,
    with_expressions,
)


def private_slots(body: tuple[Stmt, ...]) -> dict[Slot, int]:
    """The locals that one loop alone mentions, and that each iteration sets before it reads them, with its number."""
    return {slot: number for number, (_, slots) in enumerate(private_loops(body), 1) for slot in slots}


def private_loops(body: tuple[Stmt, ...]) -> tuple[tuple[For, tuple[Slot, ...]], ...]:
    """The loops that are in no other, each with the locals that it has for itself."""
    mentions: dict[Slot, set[int]] = {}
    loops: list[For] = []
    stack = list(body)
    while stack:
        stmt = stack.pop()
        inside: Iterable[Stmt] = (stmt,)
        if isinstance(stmt, For):
            loops.append(stmt)
            inside = statements((stmt,))
        else:
            stack += [s for block in blocks(stmt) for s in block]
        key = len(loops) if isinstance(stmt, For) else 0
        for part in inside:
            for slot in mentioned((part,), inside=False):
                mentions.setdefault(slot, set()).add(key)
    alone: dict[int, list[Slot]] = {}
    for slot, where in mentions.items():
        if slot.storage is Storage.LOCAL and len(where) == 1 and 0 not in where:
            alone.setdefault(where.copy().pop(), []).append(slot)
    return tuple(
        (loop, tuple(s for s in alone.get(k, ()) if _set_first(loop.body, s))) for k, loop in enumerate(loops, 1)
    )


def _set_first(body: tuple[Stmt, ...], slot: Slot) -> bool:
    """Whether what mentions ``slot`` first is an assignment to it that does not read it.

    It is under no condition, or all that mentions ``slot`` is under the same one.
    """
    stack = list(reversed(body))
    while stack:
        stmt = stack.pop()
        if isinstance(stmt, For):
            stack += reversed(stmt.body)
        elif isinstance(stmt, Assign):
            if slot in mentioned((stmt,), inside=False):
                return stmt.target.slot is slot and slot not in set(reads(stmt))
        elif slot in mentioned((stmt,)):
            inside = [block for block in blocks(stmt) if slot in mentioned(block)]
            alone = len(inside) == 1 and slot not in mentioned((stmt,), inside=False) and slot not in mentioned(stack)
            return alone and _set_first(inside[0], slot)
    return False


def rows_of(nest: For, private: Collection[Slot]) -> tuple[Slot, tuple[Place, ...]] | None:
    """The one tensor that ``nest`` writes beside what is its own, and all accesses to it; None if there is no such."""
    inner = tuple(statements((nest,)))
    if any(isinstance(stmt, Invoke | Reset) for stmt in inner):
        return None
    targets = {stmt.target.slot for stmt in inner if isinstance(stmt, Assign)}.difference(private)
    if len(targets) != 1:
        return None
    (target,) = targets
    places = tuple(e for e in expressions((nest,)) if isinstance(e, Place) and e.slot is target)
    return (target, places) if target.storage is Storage.LOCAL and places[0].indices else None


def row_axis(places: Iterable[Place], counter: LoopIndex) -> int | None:
    """The axis along which ``counter`` is the index of each of ``places``."""
    axes = [{k for k, index in enumerate(place.indices) if index == counter} for place in places]
    common = set[int].intersection(*axes) if axes else set[int]()
    return min(common, default=None)


def join_loops(body: tuple[Stmt, ...], private: Collection[Slot]) -> tuple[Stmt, ...]:
    """``body`` with neighbouring loops over the rows of one tensor as one loop, those inside of conditions too."""

    def joined(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for stmt in block:
            before = done[-1] if done else None
            both = _joined(before, stmt, private) if isinstance(before, For) and isinstance(stmt, For) else None
            if both is None:
                done.append(stmt)
            else:
                done[-1] = both
        return tuple(done)

    return _outside_of_loops(joined, body)


def _outside_of_loops(
    change: Callable[[tuple[Stmt, ...]], tuple[Stmt, ...]], body: tuple[Stmt, ...]
) -> tuple[Stmt, ...]:
    done: list[Stmt] = []
    for stmt in body:
        inner = () if isinstance(stmt, For) else blocks(stmt)
        done.append(with_blocks(stmt, tuple(_outside_of_loops(change, b) for b in inner)) if inner else stmt)
    return change(tuple(done))


def _joined(one: For, two: For, private: Collection[Slot]) -> For | None:
    first, second = rows_of(one, private), rows_of(two, private)
    if (
        first is None
        or second is None
        or first[0] is not second[0]
        or one.count != two.count
        or one.unroll
        or two.unroll
    ):
        return None
    axes = row_axis(first[1], one.index), row_axis(second[1], two.index)
    if axes[0] is None or axes[0] != axes[1]:
        return None
    renamed = one.index

    def counter(expr: Expr) -> Expr | None:
        return renamed if expr is two.index else None

    body = map_blocks(lambda block: tuple(with_expressions(stmt, counter) for stmt in block), two.body)
    return replace(one, body=(*one.body, *body))
