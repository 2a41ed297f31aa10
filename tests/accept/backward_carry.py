"""A parameter that is constant in a segment and is updated at its end."""

from syncml import Stream, f32, node, post, segment, state, when, wire


@node
def fit(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    with segment(every=8) as batch:
        w = batch.carry(init=0.0)
        error = w * x - y
        slope = wire(f32)
        slope.define(error * x + post(slope, init=0.0))
        total = state(init=0.0)
        total.next = total + slope
        w.next = when(w, batch.last) - 0.01 * when(total.next, batch.last)
    return w
