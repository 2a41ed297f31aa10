"""An instance that is reset has segments of two instants, whose ends are every other instant since the reset."""

from typing import Literal as L

from syncml import Stream, Vec, f32, hold, node, pack, post, reset_every, segment, wire, zeros


@node
def returns(reward: Stream[f32]) -> Stream[Vec[L[2]]]:
    with segment(every=2):
        g = wire(f32)
        g.define(reward + 0.5 * post(g, init=0.0))
        both = pack(g)
    return hold(both, init=zeros(2))


@node
def main(reward: Stream[f32], again: Stream[bool]) -> Stream[Vec[L[2]]]:
    with reset_every(again):
        g = returns(reward)
    return g
