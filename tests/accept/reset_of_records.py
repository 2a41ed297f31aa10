"""Registers of a record and of a vector start again together."""

from typing import Literal as L

from syncml import Record, Stream, Vec, f32, i32, maximum, minimum, node, reset_every, state, vec, zeros


class Extent(Record):
    """The least and the greatest value, and how many there were."""

    least: Stream[f32]
    greatest: Stream[f32]
    count: Stream[i32]


@node
def main(x: Stream[f32], start: Stream[bool]) -> tuple[Extent, Stream[Vec[L[3]]]]:
    with reset_every(start):
        seen = state(init=Extent(least=1e30, greatest=-1e30, count=0))
        now = Extent(least=minimum(seen.least, x), greatest=maximum(seen.greatest, x), count=seen.count + 1)
        seen.next = now
        window = state(init=zeros(3))
        window.next = vec(x, window[0], window[1])
    return now, window
