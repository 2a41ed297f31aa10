"""A recurrence from the end of a segment to its start, of two lengths, one segment later."""

from syncml import Stream, f32, node, pack, post, segment, unpack, wire


@node
def returns(r: Stream[f32], done: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=5):
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
        fixed = unpack(pack(g))
    with segment(every=done, longest=7):
        h = wire(f32)
        h.define(r + 0.9 * post(h, init=0.0))
        ragged = unpack(pack(h), init=-1.0)
    return fixed, ragged
