"""Arrays as state that is reset, and of which the old and the new value are returned."""

from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node, reset_every, state, zeros


@node
def log(x: Stream[f32], i: Stream[i32]) -> tuple[Stream[Vec[L[4]]], Stream[Vec[L[4]]]]:
    kept = state(init=zeros(4))
    changed = kept.at[i].set(x)
    kept.next = changed
    return kept, changed


@node
def main(
    x: Stream[f32], i: Stream[i32], again: Stream[bool]
) -> tuple[Stream[Vec[L[4]]], Stream[Vec[L[4]]], Stream[f32]]:
    old, new = log.reset_every(again)(x, i)
    with reset_every(again):
        inner = state(init=zeros(3))
        inner.next = inner.at[i].set(x)
    return old, new, inner[i]
