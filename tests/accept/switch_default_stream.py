"""A default that is a stream, of a vector and of a record's field, for the blocks that say nothing."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, f32, node, switch


class View(enum.Enum):
    RAW = 0
    SCALED = 1
    MIRRORED = 2


@node
def main(view: Stream[View], v: Stream[Vec[L[3]]], gain: Stream[f32]) -> tuple[Stream[Vec[L[3]]], Stream[f32]]:
    chosen = switch(view)
    shown = chosen.shared(Vec[L[3]], default=v)
    largest = chosen.shared(f32, default=v.max())
    with chosen(View.SCALED):
        shown.define(gain * v)
        largest.define((gain * v).max())
    with chosen(View.MIRRORED):
        shown.define(v[::-1])
    with chosen(View.RAW):
        pass
    return shown, largest
