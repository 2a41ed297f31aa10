"""A filter that needs its own past and its own future."""

from syncml import Stream, f32, node, pack, post, pre, segment, unpack, wire


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        y = wire(f32)
        y.define(0.5 * x + 0.25 * pre(y, init=0.0) + 0.25 * post(y, init=0.0))  # error: [K011]
        return unpack(pack(y))
