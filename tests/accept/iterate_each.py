"""One instance for each element: each has its own state."""

from typing import Literal as L

from syncml import Stream, Vec, each, f32, i32, node, reset_every, shared, state


@node
def lag(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = y + k * (x - y)
    return y


@node
def count(up: Stream[bool], limit: int) -> Stream[i32]:
    n = state(init=0)
    with reset_every(n >= limit):
        m = state(init=0)
    m.next = m + 1
    n.next = m
    return n + 0 * m


@node
def main(xs: Stream[Vec[L[4]]], k: Stream[f32]) -> tuple[Stream[Vec[L[4]]], Stream[Vec[L[4], i32]]]:
    slow = each(lag)(xs, shared(k))
    ticks = each(count)(slow > 0.0, limit=3)
    return slow, ticks
