"""x needs the past of y, and y the future of x."""

from syncml import Stream, f32, node, post, segment, state, when


@node
def mixed(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8) as seg:
        y = state(init=0.0)  # error: [K011]
        x = r + y
        z = 0.5 * post(x, init=0.0)
        y.next = z - r
        return when(z, seg.last)
