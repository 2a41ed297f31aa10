"""Nodes look ahead in the segment of whoever calls them: once by each segment, also through another node."""

from typing import Literal as L

from syncml import Stream, Vec, constant, each, f32, node, pack, post, segment, shared, state, unpack, when, wire


@node
def discounted(r: Stream[f32], gamma: Stream[f32]) -> Stream[f32]:
    g = wire(f32)
    g.define(r + gamma * post(g, init=0.0))
    return g


@node
def advantage(r: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    seen = state(init=0.0)
    seen.next = seen + v
    return discounted(r + 0.5 * post(v, init=0.0) - v, constant(0.25)) + seen


@node
def top(r: Stream[f32], v: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[Vec[L[3]]], Stream[f32]]:
    with segment(every=4) as episode:
        a = advantage(r, v)
        late, total = unpack(pack(a)), when(discounted(r, constant(0.75)) * a, episode.last)
    with segment(every=3) as block:
        both = each(discounted)(vec3(r, v), shared(v))
        ends, first = when(both, block.last), pack(discounted(v, constant(0.5)))[0]
    return late, total, ends, first


def vec3(x: Stream[f32], y: Stream[f32]) -> Stream[Vec[L[3]]]:
    from syncml import vec

    return vec(x, y, x - y)
