"""A chain of 20 low-pass filters, each an instance of one node."""

from __future__ import annotations

from syncml import Hz, Stream, f32, node, state

FILTERS = 20


@node
def low_pass(x: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    smooth = last + 0.1 * (x - last)
    last.next = smooth
    return smooth


@node(rate=Hz(1000))
def filters(x: Stream[f32]) -> Stream[f32]:
    for _ in range(FILTERS - 1):
        x = low_pass(x)
    return low_pass(x)
