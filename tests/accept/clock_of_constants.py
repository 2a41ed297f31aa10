"""Constants are on every clock, alone in a branch, in an operation, as a first value."""

from typing import Literal as L

from syncml import Stream, Vec, arrow, constant, f32, hold, merge, node, when

BIAS = constant([1.0, -1.0], name="bias")


@node
def main(c: Stream[bool], v: Stream[Vec[L[2]]]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    below = when(v, c) + BIAS
    chosen = merge(c, below, BIAS)
    begun = arrow(BIAS, below * 2.0)
    return chosen + BIAS, hold(begun.sum(), init=3.0)
