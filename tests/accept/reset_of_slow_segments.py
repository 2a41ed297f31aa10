"""An instance that is reset has segments on a slower clock: the ends are the last of two samples since the reset."""

from typing import Literal as L

from syncml import Stream, Vec, every, f32, hold, node, pack, post, reset_every, sample, segment, wire, zeros


@node
def returns(reward: Stream[f32]) -> Stream[Vec[L[2]]]:
    slow = sample(reward, every(3))
    with segment(every=2):
        g = wire(f32)
        g.define(slow + 0.5 * post(g, init=0.0))
        both = pack(g)
    return hold(hold(both, init=zeros(2)))


@node
def main(reward: Stream[f32], again: Stream[bool]) -> Stream[Vec[L[2]]]:
    with reset_every(again):
        g = returns(reward)
    return g
