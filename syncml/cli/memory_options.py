"""The options of `syncml export` that are about memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from syncml.diagnostics import DiagnosticError, error

if TYPE_CHECKING:
    from syncml.export_c.memory import Memory, Room
    from syncml.export_c.targets import TargetMachine

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def memory_of(target: TargetMachine, stack: str | None, regions: str | None) -> Memory:
    """What `--stack` and `--region` ask for.

    Raises:
        DiagnosticError: U001, a size is none, or a region has no name, or two have the same.
    """
    from syncml.export_c.memory import Memory, Room

    limit = target.stack if stack is None else _size("--stack", stack)
    rooms: list[Room] = []
    for part in regions.split(",") if regions else ():
        name, mark, size = part.strip().partition("=")
        if not mark or not re.fullmatch(r"[A-Za-z]\w*", name):
            message = f"`--region {part.strip()}` is no region"
            raise DiagnosticError(error("U001", message, help="write `--region NAME=SIZE`, as in `fast=16K,slow=256K`"))
        if any(room.name.lower() == name.lower() for room in rooms):
            raise DiagnosticError(error("U001", f"two regions are called {name}", help="give each a name of its own"))
        rooms.append(Room(name, _size("--region", size)))
    return Memory(stack=limit, regions=tuple(rooms))


def _size(option: str, text: str) -> int:
    found = re.fullmatch(r"(\d+)([KM]?)", text.strip(), re.IGNORECASE)
    if found is None:
        message = f"`{option}`: {text!r} is no size"
        raise DiagnosticError(error("U001", message, help="write bytes, or K or M: `4096`, `16K`, `1M`"))
    return int(found[1]) * _UNITS[found[2].upper()]
