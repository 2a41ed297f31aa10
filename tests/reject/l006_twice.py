"""A state and a wire that are defined twice."""

from syncml import Stream, f32, node, state, wire


@node
def twice(x: Stream[f32]) -> Stream[f32]:
    total = state(init=0.0)
    total.next = total + x
    total.next = total - x  # error: [L006]
    back = wire(f32)
    back.define(x)
    back.define(total)  # error: [L006]
    return back
