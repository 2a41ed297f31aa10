"""Buffers that do not fit into what a segment may take."""

from syncml import Stream, f32, node, post, segment, wire


@node
def returns(r: Stream[f32]) -> Stream[f32]:
    with segment(every=64, schedule="auto", memory=100) as episode:  # error: [K020]
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
        return episode.total(g * r)
