"""Arrays as state that are changed in place: a ring, a histogram, a swap, a table that a mode writes."""

from typing import Literal as L

from syncml import Stream, Vec, constant, f32, i32, merge, node, state, vec, when, where, zeros


@node
def delayed(x: Stream[f32], push: Stream[bool]) -> Stream[f32]:
    ring = state(init=zeros(8))
    head = state(init=0)
    oldest = ring[head]
    written = ring.at[head].set(x)
    newest = written[head]
    ring.next = where(push, written, ring)
    head.next = where(push, (head + 1) % 8, head)
    return oldest + newest


@node
def histogram(bin_: Stream[i32]) -> Stream[Vec[L[4], i32]]:
    counts = state(init=constant([0, 0, 0, 0]))
    counts.next = counts.at[bin_].set(counts[bin_] + 1)
    return counts


@node
def swapped(i: Stream[i32], j: Stream[i32]) -> Stream[Vec[L[3]]]:
    cards = state(init=constant([1.0, 2.0, 3.0]))
    first, second = cards[i], cards[j]
    cards.next = cards.at[i].set(second).at[j].set(first)
    return cards


@node
def table(write: Stream[bool], i: Stream[i32], x: Stream[f32]) -> Stream[f32]:
    kept = state(init=zeros(5))
    changed = when(kept, write).at[when(i, write)].set(when(x, write))
    kept.next = merge(write, changed, when(kept, ~write))
    return kept[4 - i]


@node
def main(
    x: Stream[f32], push: Stream[bool], i: Stream[i32], j: Stream[i32]
) -> tuple[Stream[Vec[L[5]]], Stream[Vec[L[4], i32]]]:
    a, b = i % 3, j % 3
    return vec(delayed(x, push), table(push, a, x), swapped(a, b)), histogram(i % 4)
