"""A node with segments is reset: a segment that was begun is forgotten, and the next one is a full one."""

from syncml import Stream, f32, node, pack, post, segment, unpack, wire


@node
def returns(r: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=4):
        g = wire(f32)
        g.define(r + 0.5 * post(g, init=0.0))
        burst = unpack(pack(g))
    with segment(every=3, schedule="alternating"):
        h = wire(f32)
        h.define(r + 0.5 * post(h, init=0.0))
        late = unpack(pack(h))
    return burst, late


@node
def top(r: Stream[f32], again: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    a, b = returns.reset_every(again)(r)
    c, _ = returns(r)
    return a, b, c
