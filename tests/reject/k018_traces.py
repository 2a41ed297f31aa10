"""What has no trace that runs forwards: the last value of a stream that looks ahead."""

from syncml import Stream, f32, node, post, segment, when, wire


@node
def returns(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8, schedule="transposed") as episode:
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
    return when(g, episode.last)  # error: [K018]
