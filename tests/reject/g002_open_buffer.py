"""A buffer between clocks that depend on data, without a size, is no memory that a derivative could go through."""

from syncml import Stream, buffer, f32, hold, node, pre, when
from syncml.learn import grad


@node
def loss(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    late = buffer(when(x * x, c), at=pre(c, init=False))  # error: [G002]
    return hold(late, init=0.0)


@node
def top(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    return grad(loss)(x, c)
