"""What looked ahead in a segment decides, at its end, which samples are taken."""

from syncml import Stream, f32, hold, node, post, segment, when, wire


@node
def main(x: Stream[f32]) -> Stream[f32]:
    with segment(every=3) as seg:
        later = wire(bool)
        later.define((x > 1.0) | post(later, init=False))
        found = when(later, seg.last)
        end = when(x, seg.last)
    return hold(hold(when(end, found), init=0.0), init=0.0)
