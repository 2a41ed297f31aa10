"""What the integers at the interface stand for, where networks are integers: macros for who calls the step.

Rule: an input or output ``q`` stands for ``<NODE>_<STREAM>_SCALE * (q - <NODE>_<STREAM>_ZERO_POINT)``. The scale is the
shortest decimal number that is read back as the same ``float``. The code of the node uses neither.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from syncml.dataclass import dataclass
from syncml.export_c.ctree import Text
from syncml.export_c.naming import NameScope
from syncml.ir.step.syntax import Slot


@dataclass(frozen=True, slots=True)
class Integers:
    """A quantisation: ``q`` stands for ``scale * (q - zero_point)``; the scale is a number of ``f32``."""

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class NamedIntegers:
    """An input or output of integers: its slot, its member of the struct, and the macros that say what it means."""

    slot: Slot
    member: str
    meaning: Integers
    scale_macro: str
    zero_point_macro: str

    @property
    def scale(self) -> str:
        """The scale in C."""
        return f"{np.float32(self.meaning.scale)!s}F"

    @property
    def zero_point(self) -> str:
        """The zero point in C."""
        zero = self.meaning.zero_point
        return f"({zero})" if zero < 0 else str(zero)


def named_integers(
    prefix: str, members: Mapping[Slot, str], meanings: Mapping[str, Integers], files: NameScope
) -> tuple[NamedIntegers, ...]:
    """The inputs and outputs among ``members`` that ``meanings`` has, by name, with macros."""
    return tuple(
        NamedIntegers(slot, member, meanings[slot.name], *(files.claim(f"{prefix}_{member}_{what}".upper())
                                                           for what in ("scale", "zero_point")))
        for slot, member in members.items()
        if slot.name in meanings
    )  # fmt: skip


def definitions_of(integers: tuple[NamedIntegers, ...]) -> Text:
    """The macros, for the header."""
    lines = [
        "/*",
        " * Inputs and outputs of integers: q stands for SCALE * (q - ZERO_POINT). To make q of a number x:",
        " * divide x by SCALE, round to nearest, add ZERO_POINT, limit the sum to the range of the type.",
        " */",
    ]
    for each in integers:
        lines.append(f"#define {each.scale_macro} {each.scale}")
        lines.append(f"#define {each.zero_point_macro} {each.zero_point}")
    return Text(tuple(lines))
