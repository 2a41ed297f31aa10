"""A time needs a rate."""

from syncml import Stream, f32, ms, node, pack, segment


@node
def timed(x: Stream[f32]) -> Stream[f32]:
    with segment(every=ms(40)):  # error: [C004]
        return pack(x)[0]
