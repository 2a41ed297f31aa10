"""Adjoints have the clocks of their streams, and go back through what is sampled, restarted and held."""

from syncml import Stream, f32, hold, merge, node, pack, pre, segment, state, unpack, when
from syncml.learn import vjp


@node
def smoothed(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.5)
    y.next = 0.5 * y + x * x
    return y.next


@node
def mixed(x: Stream[f32], c: Stream[bool], r: Stream[bool]) -> Stream[f32]:
    inside = when(x * x, c)
    slow = smoothed.reset_every(r)(inside)
    return hold(slow, init=2.0) * x + merge(c, slow * pre(inside, init=1.0), when(x, ~c))


@node
def adjoint(x: Stream[f32], c: Stream[bool], r: Stream[bool], w: Stream[f32]) -> Stream[f32]:
    with segment(every=5):
        _, d = vjp(mixed, wrt="x")(w, x, c, r)
        return unpack(pack(d))
