"""Steps of every sign over a vector, and a slice of a slice."""

from typing import Literal as L

from syncml import Stream, Vec, concat, i32, node


@node
def main(v: Stream[Vec[L[9], i32]]) -> tuple[Stream[Vec[L[9], i32]], Stream[Vec[L[2], i32]]]:
    thirds = concat(v[::3], v[1::3], v[2::3])
    zigzag = concat(v[::2], v[::-2][1:])
    inner = v[1:8][::-1][::3][:2]
    return thirds - zigzag, inner
