"""An update at the end of a segment that counts in the instant of the end."""

from syncml import Stream, f32, hold, node, post, segment, state, when, wire


@node
def fit(x: Stream[f32]) -> Stream[f32]:
    with segment(every=8) as seg:
        w = wire(f32)  # error: [K001]
        g = wire(f32)
        g.define(w + x + post(g, init=0.0))
        before = state(init=0.0)
        before.next = g
        updated = when(before, seg.last)
        w.define(hold(updated, init=0.0))
    return w
