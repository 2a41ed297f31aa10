"""A segment is on one clock."""

from syncml import Stream, f32, node, pack, segment, unpack, when


@node
def clocks(x: Stream[f32], c: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=4):
        a = unpack(pack(x))
        b = pack(when(x, c))[0]  # error: [C001]
    return a, b
