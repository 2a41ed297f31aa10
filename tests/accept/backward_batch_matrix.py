"""A batch of vectors is one matrix: its product, its greatest column, and the rows in turn."""

from typing import Literal as L

from syncml import Stream, Vec, hold, node, pack, unpack, zeros


@node
def main(x: Stream[Vec[L[2]]]) -> tuple[Stream[Vec[L[2]]], Stream[Vec[L[2]]]]:
    batch = pack(x, 3)
    mixed = batch @ [[0.5, 0.5], [1.0, -1.0]]
    return unpack(mixed, init=zeros(2)), hold(mixed.max(axis=0), init=zeros(2))
