from typing import Literal as L

from syncml import Stream, Vec, f32, fold, node, pre, wire


@node
def chain(acc: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    return acc + pre(x, init=0.0)


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[f32]:
    start = wire(f32)  # error: [K001]
    last = fold(chain, start)(xs)
    start.define(last * 0.5)
    return last
