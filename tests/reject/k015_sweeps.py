"""What the schedules that spread the work have no place for: a value that is taken at the end."""

from syncml import Stream, f32, node, post, segment, when, wire


@node
def returns(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8, schedule="alternating") as episode:
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
    return when(g, episode.last)  # error: [K015]
