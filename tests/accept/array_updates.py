"""Arrays with an element, a row or a place of a matrix replaced, at static and dynamic indices."""

import enum
from typing import Literal as L

from syncml import Mat, Stream, Vec, cast, i8, i32, node, u8, vec


class Mode(enum.Enum):
    """What an array may hold, too."""

    OFF = 0
    ON = 1


@node
def updates(
    v: Stream[Vec[L[3]]], m: Stream[Mat[L[2], L[3]]], modes: Stream[Vec[L[2], Mode]], i: Stream[i32], j: Stream[i8]
) -> tuple[Stream[Vec[L[3]]], Stream[Mat[L[2], L[3]]], Stream[Vec[L[2], Mode]], Stream[Vec[L[3], i32]]]:
    static = v.at[-1].set(7.0)
    dynamic = static.at[i].set(static[0] + 1.0)
    row = m.at[i].set(v[::-1])
    corner = row.at[j, 2].set(0.5)
    zero_row = corner.at[1].set([1.0, 2.0, 3.0])
    on = modes.at[cast(i, u8)].set(Mode.ON)
    counts = vec(0, i, 2).at[0].set(i)
    return dynamic, zero_row.at[0, j].set(v[0]), on, counts
