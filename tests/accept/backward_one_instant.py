"""Segments of one instant, and of three."""

from syncml import Stream, f32, node, pack, post, segment, unpack


@node
def short(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=1):
        one = unpack(pack(post(x, init=2.0 * x)))
    with segment(every=3):
        three = unpack(pack(post(x, init=2.0 * x)))
    return one, three
