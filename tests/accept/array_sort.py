"""Three swaps sort four numbers as they come; Python's loop says which."""

from typing import Literal as L

from syncml import Stream, Vec, f32, maximum, minimum, node, vec


@node
def sorted_(v: Stream[Vec[L[4]]]) -> Stream[Vec[L[4]]]:
    parts = list(v)
    for i, j in ((0, 1), (2, 3), (0, 2), (1, 3), (1, 2)):
        parts[i], parts[j] = minimum(parts[i], parts[j]), maximum(parts[i], parts[j])
    return vec(*parts)


@node
def main(v: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[4]]], Stream[f32]]:
    ordered = sorted_(v)
    median = 0.5 * (ordered[1] + ordered[2])
    return ordered, median
