"""A float that becomes an integer on the way has no derivative; neither the memory nor the call around it hides it."""

from syncml import Stream, cast, f32, i32, node, segment, state, when
from syncml.learn import grad


@node
def quantised(x: Stream[f32]) -> Stream[f32]:
    return cast(cast(x * 8.0, i32), f32)  # error: [G001]


@node
def loss(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    h = state(init=0.0)
    h.next = 0.5 * h + w * x
    return quantised(h) - x


@node
def top(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as batch:
        d = grad(loss)(w, x)
    return when(d, batch.last)
