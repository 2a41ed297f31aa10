"""Members of another enumeration in an array, and of two."""

import enum
from typing import Any
from typing import Literal as L

from syncml import Stream, Vec, i32, node


class Mode(enum.Enum):
    """One."""

    OFF = 0
    ON = 1


class Gear(enum.Enum):
    """Another."""

    PARK = 0


@node
def main(modes: Stream[Vec[L[2], Mode]], i: Stream[i32]) -> Stream[Mode]:
    any_: Any = modes
    a = any_.at[i].set(Gear.PARK)  # error: [T001]
    b = any_ == [Gear.PARK, Gear.PARK]  # error: [T001]
    c = any_ == [Mode.OFF, Gear.PARK]  # error: [T006]
    d = any_.sum()  # error: [T006]
    return modes[0]
