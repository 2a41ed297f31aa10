"""Nests of loops around one assignment, and what can be read off them.

Rule: a nest whose assigned indices are its counters, each once and each over the whole axis, writes every element of
its target exactly once; an axis of one element may have the index 0.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Assign, For, If, Literal, LoopIndex, Place, Stmt, Switch
from syncml.ir.step.traverse import blocks
from syncml.ir.types import shape


@dataclass(frozen=True, slots=True)
class Axis:
    """A loop."""

    index: LoopIndex
    extent: int


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops with nothing between them around one assignment."""

    axes: tuple[Axis, ...]
    assign: Assign


def nest_of(stmt: Stmt) -> Nest | None:
    """``stmt`` as a nest of loops, or None."""
    axes: list[Axis] = []
    while isinstance(stmt, For):
        if len(stmt.body) != 1:
            return None
        axes.append(Axis(stmt.index, stmt.count))
        (stmt,) = stmt.body
    return Nest(tuple(axes), stmt) if isinstance(stmt, Assign) else None


def counters(nest: Nest) -> tuple[LoopIndex | None, ...] | None:
    """The counter along each axis of the target, None for an axis of one element; None if not each element is set."""
    target = nest.assign.target
    extents = {axis.index: axis.extent for axis in nest.axes}
    found: list[LoopIndex | None] = []
    for index, extent in zip(target.indices, shape(target.slot.type), strict=True):
        if isinstance(index, LoopIndex) and extents.pop(index, None) == extent:
            found.append(index)
        elif extent == 1 and isinstance(index, Literal) and int(index.value.machine()) == 0:
            found.append(None)
        else:
            return None
    return None if extents else tuple(found)


def copied(nest: Nest) -> Place | None:
    """Of which element the nest makes a copy at the same indices."""
    value, target = nest.assign.value, nest.assign.target
    same = isinstance(value, Place) and value.slot.type == target.slot.type and value.indices == target.indices
    return value if same and isinstance(value, Place) else None


def is_idle(stmt: Stmt) -> bool:
    """Whether ``stmt`` does nothing: it copies an element to itself, or nothing is left in it."""
    if isinstance(stmt, Assign):
        return stmt.value == stmt.target
    inner = blocks(stmt)
    return isinstance(stmt, For | If | Switch) and not any(inner)
