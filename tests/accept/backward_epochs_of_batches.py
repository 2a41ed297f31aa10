"""Segments of segments: the instants of an epoch are the ends of its batches, and it is swept backwards too."""

from typing import Literal as L

from syncml import Stream, Vec, f32, node, pack, post, segment, when, wire


@node
def epochs(x: Stream[f32]) -> Stream[Vec[L[3]]]:
    with segment(every=4) as batch:
        g = wire(f32)
        g.define(x + 0.5 * post(g, init=0.0))
        first = pack(g)[0]
    with segment(every=3):
        worst = wire(f32)
        worst.define(first + 0.25 * post(worst, init=when(x, batch.last)))
        packed = pack(worst)
    return packed
