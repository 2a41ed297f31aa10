"""One segment later, one step at each instant: two buffers, and one that is filled upwards and downwards in turn."""

from typing import Literal as L

from syncml import Schedule, Stream, Vec, f32, node, pack, post, pre, segment, unpack, vec, when, wire


@node
def spread(r: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[5]]], Stream[Vec[L[4]]], Stream[f32]]:
    with segment(every=5, schedule=Schedule.DOUBLE):
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=1.0) + pre(r, init=0.5))
        double, packed = unpack(pack(g)), pack(g)
    with segment(every=4, schedule="alternating") as seg:
        h = wire(Vec[L[2]])
        h.define(vec(r, -r) + 0.5 * post(h, init=[1.0, 2.0]) + pre(vec(r, r), init=[0.0, 3.0]))
        alternating = pack(h[0])
        w = seg.carry(init=1.0)
        w.next = when(w, seg.last) * 0.5 + pack(h[1] * w)[0]
    return double, packed, alternating, w
