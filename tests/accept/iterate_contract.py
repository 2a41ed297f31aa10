"""A contract of a node is one for each element."""

from typing import Literal as L

from syncml import Stream, Vec, clip, each, ensure, f32, fold, node, require, state


@node
def bounded(x: Stream[f32]) -> Stream[f32]:
    require((x >= -1.0) & (x <= 1.0), "a small input")
    y = state(init=0.0)
    y.next = 0.5 * y + 0.5 * x
    ensure((y >= -1.0) & (y <= 1.0), "a small output")
    return y


@node
def main(xs: Stream[Vec[L[2]]]) -> Stream[f32]:
    ys = each(bounded)(each(lambda x: clip(x, -1.0, 1.0))(xs))
    most: Stream[f32] = fold(lambda a, y: a + y, 0.0)(ys)
    return most
