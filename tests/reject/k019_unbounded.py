"""A recurrence without a bound on what is added to it."""

from syncml import Stream, f32, node, post, segment, wire


@node
def smoothed(x: Stream[f32]) -> Stream[f32]:
    with segment(every=64, schedule="fixed lag", lag=8) as block:
        g = wire(f32)
        g.define(x + 0.5 * post(g, init=0.0))  # error: [K019]
        return block.late(g)
