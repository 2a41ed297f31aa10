"""Variables that are to stay in registers, in the functions that a step is cut into.

Rule: a near slot (`Slot.near`) is a variable of the one function in which all statements that mention it stand, for
LLVM keeps it in registers only if nothing else knows its address. So these statements are never parted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from syncml.ir.step.syntax import If, Slot, Stmt, Switch
from syncml.ir.step.traverse import read_in, statements, writes

Group: TypeAlias = tuple[tuple[Slot, ...], tuple[Stmt, ...]]
"""Statements that are not to be parted, and the variables that they have for themselves."""


def together(body: Sequence[Stmt]) -> list[Group]:
    """Statements that follow each other as groups, of which each has its near slots for itself."""
    groups: list[Group] = []
    for stmt in body:
        near = _near(stmt)
        if groups and near.keys() & set(groups[-1][0]):
            own, earlier = groups.pop()
            groups.append((tuple(dict.fromkeys((*own, *near))), (*earlier, stmt)))
        else:
            groups.append((tuple(near), (stmt,)))
    return groups


def _near(stmt: Stmt) -> dict[Slot, None]:
    """The near slots of a statement; a branch has its own, since it may be cut."""
    if isinstance(stmt, If | Switch):
        return {}
    mentioned = (*(slot for part in statements((stmt,)) for slot in writes(part)), *read_in((stmt,)))
    return dict.fromkeys(sorted((slot for slot in mentioned if slot.near), key=lambda slot: slot.name))
