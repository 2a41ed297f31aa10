"""A window holds at least the present value, and starts with as many values as are missing."""

from typing import Literal as L

from syncml import Stream, Vec, f32, node, window


@node
def main(x: Stream[f32], v: Stream[Vec[L[2]]]) -> tuple[Stream[f32], Stream[f32]]:
    nothing = window(x, 0)  # error: [T002]
    three = window(x, 3, init=[1.0, 2.0, 3.0])  # error: [T002]
    rows = window(v, 3, init=[1.0, 2.0, 3.0])  # error: [T002]
    return nothing.sum() + three.sum(), rows.sum()
