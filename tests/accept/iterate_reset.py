"""All instances of an array start again together."""

from typing import Literal as L

from syncml import Hz, Stream, Vec, each, f32, fold, hold, i32, node, reset_every, sample, state


@node
def total(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = y + x
    return y


@node(rate=Hz(100))
def slow(acc: Stream[i32], up: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + 1
    return acc + hold(sample(n, to=Hz(25)))


@node(rate=Hz(100))
def main(
    xs: Stream[Vec[L[3]]], up: Stream[Vec[L[3], bool]], c: Stream[bool]
) -> tuple[Stream[Vec[L[3]]], Stream[i32], Stream[Vec[L[3]]]]:
    with reset_every(c):
        sums = each(total)(xs)
        n = fold(slow, 0)(up)
    again = each(total.reset_every(c))(sums)
    return sums, n, again
