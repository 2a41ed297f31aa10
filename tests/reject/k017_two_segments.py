"""The future of a short segment in a long one."""

from syncml import Stream, f32, node, pack, post, segment


@node
def two(x: Stream[f32]) -> Stream[f32]:
    with segment(every=4):
        a = x + post(x, init=0.0)
    with segment(every=6):
        b = a + post(x, init=0.0)  # error: [K017]
        return pack(b)[0]
