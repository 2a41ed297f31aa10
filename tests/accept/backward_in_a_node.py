"""A node with segments of its own is called like any other; its instances are cut by the segments around them."""

from typing import Literal as L

from syncml import Stream, Vec, f32, node, pack, post, pre, segment, unpack, wire


@node
def reversed_sum(x: Stream[f32]) -> Stream[f32]:
    with segment(every=4):
        s = wire(f32)
        s.define(x + post(s, init=0.0))
        late = unpack(pack(s))
    return late


@node
def count(x: Stream[f32]) -> Stream[f32]:
    return x + pre(x, init=0.5)


@node
def top(x: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[6]]]]:
    with segment(every=6):
        inner = count(x)
        packed = pack(inner * post(inner, init=1.0))
    return reversed_sum(inner) - reversed_sum(2.0 * x), packed
