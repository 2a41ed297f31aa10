"""A node with memory is called on a value that needs the future: it becomes part of a sweep."""

from syncml import Stream, f32, node, pack, post, segment, state, unpack


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.5 * y + 0.5 * x
    return y.next


@node
def top(x: Stream[f32]) -> Stream[f32]:
    with segment(every=6):
        slope = post(x, init=x) - x
        late = unpack(pack(smooth(slope)))
    return late
