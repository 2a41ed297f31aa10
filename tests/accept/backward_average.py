"""A centred mean over three instants: one before, one after, within a block of six."""

from syncml import Stream, f32, node, pack, post, pre, segment, unpack


@node
def main(x: Stream[f32]) -> Stream[f32]:
    with segment(every=6):
        centred = (pre(x, init=x) + x + post(x, init=x)) / 3.0
        return unpack(pack(centred), init=0.0)
