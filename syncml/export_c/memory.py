"""What an export may be told of memory.

Rule: no choice made here changes a value that the program computes.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.export_c.targets import HOST
from syncml.ir.step.overlay import LARGE


@dataclass(frozen=True, slots=True)
class Room:
    """A region of memory that the package may be placed in: its name and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Memory:
    """How memory is laid out.

    Attributes:
        large: The bytes from which on a local tensor may share memory with others.
        stack: The most bytes of local variables on the stack. If the calls that need the most have more, the large
            tensors of the exported function are in its state.
        regions: Where state and constants may lie, the fastest first; nothing leaves it to the linker.
    """

    large: int = LARGE
    stack: int = HOST.stack
    regions: tuple[Room, ...] = ()
