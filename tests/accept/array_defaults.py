"""Elements with a value for an index that is out of range: nothing is left to be proved."""

import enum
from typing import Literal as L

from syncml import Mat, Stream, Vec, i8, i32, node, u8, vec


class Gear(enum.Enum):
    """A table of these, too."""

    PARK = 0
    DRIVE = 1


@node
def defaults(
    v: Stream[Vec[L[3]]], m: Stream[Mat[L[2], L[3]]], gears: Stream[Vec[L[2], Gear]], i: Stream[i32], j: Stream[i8],
    k: Stream[u8],
) -> tuple[Stream[Vec[L[6]]], Stream[Gear]]:  # fmt: skip
    one = v.at[i].get(-1.0)
    row = m.at[j].get(0.5)
    corner = m.at[k, j].get(one)
    known = v.at[1].get(9.0)
    return vec(one, row, corner, known), gears.at[i].get(Gear.PARK)
