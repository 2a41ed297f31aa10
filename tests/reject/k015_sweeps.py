"""What no sweep computes: a memory on a slower clock, a word that the future starts."""

from syncml import Stream, f32, merge, node, pack, post, pre, segment, unpack, when


@node
def slow(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    with segment(every=8):
        seen = pre(when(x, c), init=0.0)  # error: [K015]
        y = seen + post(when(x, c), init=0.0)
        return unpack(pack(merge(c, y, when(x, ~c))))
