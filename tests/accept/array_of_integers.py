"""Small unsigned numbers in an array: a histogram that wraps, its greatest bin, and a mask."""

from typing import Literal as L

from syncml import Stream, Vec, constant, i32, node, state, u8, where

NONE = constant([0, 250, 254, 3], name="none")


@node
def main(bin_: Stream[i32], clear: Stream[bool]) -> tuple[Stream[Vec[L[4], u8]], Stream[u8], Stream[Vec[L[4], bool]]]:
    counts = state(init=NONE, type=Vec[L[4], u8])
    place = bin_ % 4
    more = counts.at[place].set(counts[place] + 1)
    counts.next = where(clear & (bin_ > 3), NONE, more)
    return counts, counts.max(), counts > 127
