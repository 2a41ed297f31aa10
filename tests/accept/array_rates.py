"""Arrays that are changed on slower clocks, and read on the fast one."""

from typing import Literal as L

from syncml import Hz, Stream, Vec, f32, hold, i32, node, sample, state, zeros


@node(rate=Hz(10))
def logged(x: Stream[f32], slot: Stream[i32]) -> Stream[Vec[L[4]]]:
    log = state(init=zeros(4))
    log.next = log.at[slot % 4].set(x)
    return log


@node(rate=Hz(100))
def main(x: Stream[f32], slot: Stream[i32]) -> Stream[f32]:
    log = hold(logged(sample(x, to=Hz(10)), sample(slot, to=Hz(10))))
    return log.window(slot, 2).sum() - log[::-1][0]
