"""An accumulator that is a vector of one element, in the slot of what it is merged into."""

from typing import Literal as L

from syncml import Stream, Vec, f32, fold, merge, node, state, when


@node
def step(a: Stream[Vec[L[1]]], x: Stream[f32]) -> Stream[Vec[L[1]]]:
    return a * 0.5 + x


@node
def top(xs: Stream[Vec[L[3]]], c: Stream[bool]) -> Stream[f32]:
    kept = state(init=[0.0])
    kept.next = merge(c, fold(step, [1.0])(when(xs, c)), when(kept, ~c))
    return kept[0]
