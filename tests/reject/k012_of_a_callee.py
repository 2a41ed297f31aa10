"""Every node keeps its future to itself."""

from syncml import Stream, f32, node, pack, post, segment, unpack


@node
def advantage(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        return r - post(r, init=0.0)  # error: [K012]


@node
def top(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        return unpack(pack(advantage(r)))
