"""What a translation of a node to a transition system yields: the system, and the way back."""

from __future__ import annotations

from collections.abc import Mapping

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Var
from syncml.ir.types import shape
from syncml.verify.system import System


@dataclass(frozen=True, slots=True)
class Translation:
    """A system, and the way back: for each input stream the names of its elements, row-major."""

    system: System
    inputs: Mapping[str, tuple[str, ...]]


def element_names(var: Var) -> list[str]:
    """The names of the elements of a stream in a system, row-major."""
    if not shape(var.type):
        return [f"${var.name}"]
    names: list[str] = []
    extents = shape(var.type)
    index = [0] * len(extents)
    while True:
        names.append(f"${var.name}[{','.join(map(str, index))}]")
        axis = len(extents) - 1
        while axis >= 0 and index[axis] == extents[axis] - 1:
            index[axis] = 0
            axis -= 1
        if axis < 0:
            return names
        index[axis] += 1
