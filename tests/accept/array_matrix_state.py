"""A matrix as state: its rows are shifted, an element is replaced, a row is read back."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, concat, i32, node, state, where, zeros


@node
def main(
    row: Stream[Vec[L[3]]], i: Stream[i32], shift: Stream[bool]
) -> tuple[Stream[Mat[L[4], L[3]]], Stream[Vec[L[3]]]]:
    rows = state(init=zeros(4, 3))
    shifted = concat(row.reshape(1, 3), rows[:3])
    written = rows.at[i % 4, 1].set(row[0])
    rows.next = where(shift, shifted, written)
    return rows, rows[i % 4]
