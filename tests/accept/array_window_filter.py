"""A filter with a table of coefficients: the window moves over a ring that is written twice."""

from typing import Literal as L

from syncml import Stream, Vec, constant, f32, i32, node, state, zeros

TAPS = constant([0.5, 0.25, 0.25], name="taps")


@node
def main(x: Stream[f32], coarse: Stream[i32]) -> tuple[Stream[f32], Stream[Vec[L[2]]]]:
    ring = state(init=zeros(6))
    head = state(init=0)
    written = ring.at[head].set(x).at[head + 3].set(x)
    ring.next = written
    head.next = (head + 1) % 3
    return TAPS @ written.window(head + 1, 3), written.window(coarse, 2)
