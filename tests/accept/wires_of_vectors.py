"""A ring of cells: each hears its neighbours of the instant before, the wires made in a loop."""

from typing import Literal as L

from syncml import Stream, Vec, f32, fby, node, vec, wire


@node
def cell(left: Stream[f32], right: Stream[f32], push: Stream[f32]) -> Stream[f32]:
    return 0.5 * (fby(0.0, left) + fby(0.0, right)) + push


@node
def main(push: Stream[f32]) -> Stream[Vec[L[4]]]:
    cells = [wire(f32) for _ in range(4)]
    for i, made in enumerate(cells):
        made.define(cell(cells[i - 1], cells[(i + 1) % 4], push if i == 0 else push * 0.0))
    return vec(*cells)
