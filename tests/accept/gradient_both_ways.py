"""A bidirectional recurrence: the derivative of what looks ahead looks back; called in the segment of the caller."""

from syncml import Stream, f32, node, pack, post, segment, state, tanh, unpack, wire
from syncml.learn import grad


@node
def score(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    forward = state(init=0.0)
    forward.next = tanh(0.5 * forward + x)
    backward = wire(f32)
    backward.define(tanh(0.3 * post(backward, init=0.1) + forward.next))
    error = backward * forward.next - y
    return error * error


@node
def slope(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return grad(score)(x, y)


@node
def trained(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    with segment(every=5):
        return unpack(pack(slope(x, y)))
