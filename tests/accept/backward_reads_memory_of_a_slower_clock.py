"""A sweep reads what was remembered on a slower clock than that of the segment."""

from syncml import Stream, f32, merge, node, pack, post, pre, segment, unpack, when


@node
def slow(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    with segment(every=8):
        seen = pre(when(x, c), init=0.0)
        y = seen + post(when(x, c), init=0.0)
        return unpack(pack(merge(c, y, when(x, ~c))))
