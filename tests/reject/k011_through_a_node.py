"""The delay is inside of a node that is called."""

from syncml import Stream, f32, node, pack, post, segment, state, unpack, wire


@node
def delayed(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)  # error: [K011]
    y.next = x
    return y


@node
def mixed(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        x = wire(f32)
        x.define(r + post(delayed(x), init=0.0))
        return unpack(pack(x))
