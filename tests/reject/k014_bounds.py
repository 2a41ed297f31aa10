"""A segment without a bound, one that does not fill the one around it, and a value that is not at its end."""

from syncml import Stream, f32, node, pack, segment, unpack, when


@node
def bounds(r: Stream[f32], done: Stream[bool]) -> Stream[f32]:
    with segment(every=done):  # error: [K014]
        a = pack(r)[0]
    with segment(every=8), segment(every=3):  # error: [K014]
        b = pack(r)[0]
    c = unpack(when(r, done))  # error: [K014]
    return a + b + c
