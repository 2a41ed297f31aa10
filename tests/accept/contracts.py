"""Each kind of clause, named, unnamed and with a requirement."""

from typing import Literal as L

from syncml import Stream, Vec, assume, clip, ensure, f32, invariant, node, require


@node
def limited(x: Stream[f32], v: Stream[Vec[L[2]]]) -> Stream[f32]:
    assume((x > -100.0) & (x < 100.0), "range of x")
    require((v >= 0.0).all(), "positive", req="SR-7")
    y = clip(x, -1.0, 1.0)
    invariant(y == y)
    ensure(y <= 1.0)
    ensure(y >= -1.0, req="SR-12")
    return y
