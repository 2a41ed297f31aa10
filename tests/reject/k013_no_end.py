"""A recurrence without an end value."""

from syncml import Stream, f32, node, pack, post, segment, unpack, wire


@node
def returns(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        g = wire(f32)
        g.define(r + 0.9 * post(g))  # error: [K013]
        return unpack(pack(g))
