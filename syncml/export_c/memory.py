"""What an export may be told of memory.

Rule: no choice made here changes a value that the program computes.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.step.overlay import LARGE


@dataclass(frozen=True, slots=True)
class Memory:
    """How memory is laid out.

    Attributes:
        large: The bytes from which on a local tensor may share memory with others.
    """

    large: int = LARGE
