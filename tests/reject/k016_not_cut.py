"""A total that goes on from segment to segment, of values that need the future."""

from syncml import Stream, f32, node, post, segment, state, wire


@node
def total(r: Stream[f32]) -> Stream[f32]:
    s = state(init=0.0)  # error: [K016]
    with segment(every=8):
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
    s.next = s + g
    return s
