"""A parameter that is changed by a gradient in the instant in which it is used."""

from syncml import Stream, f32, node, post, segment, when, wire


@node
def fit(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    with segment(every=8) as seg:
        w = wire(f32)  # error: [K001]
        e = w * x - y
        g = wire(f32)
        g.define(e * x + post(g, init=0.0))
        w.define(1.0 - 0.01 * g)
        return when(w, seg.last)
