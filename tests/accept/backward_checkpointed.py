"""A gradient from the end of a segment to its start, from a few snapshots of what the way forwards remembers."""

from syncml import Stream, f32, node, post, segment, state, when, wire


@node
def fit(x: Stream[f32], y: Stream[f32], end: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[bool]]:
    with segment(every=7, schedule="checkpointed", slots=3) as batch:
        w = batch.carry(init=0.5)
        h = state(init=0.25)
        h.next = h * w + x
        error = h.next - y
        d_h = wire(f32)
        d_h.define(error + w * post(d_h, init=0.0))
        w.next = when(w, batch.last) - 0.01 * batch.total(d_h * h)
    with segment(every=end, longest=6, schedule="checkpointed", slots=2) as episode:
        seen = state(init=0.0)
        seen.next = 0.5 * seen + x
        g = wire(f32)
        g.define(seen.next * y + 0.9 * post(g, init=0.0))
    return w, when(g, episode.last), episode.last
