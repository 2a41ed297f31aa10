"""An array of instances is on the clock of its arguments."""

from typing import Literal as L

from syncml import Hz, Stream, Vec, each, f32, fold, hold, merge, node, pre, sample, when


@node
def lag(x: Stream[f32]) -> Stream[f32]:
    return 0.5 * x + 0.5 * pre(x, init=0.0)


@node(rate=Hz(100))
def main(xs: Stream[Vec[L[3]]], c: Stream[bool]) -> tuple[Stream[Vec[L[3]]], Stream[Vec[L[3]]], Stream[f32]]:
    slow = hold(each(lag)(sample(xs, to=Hz(25))))
    one = each(lag)(when(xs, c))
    both = merge(c, one, when(xs, ~c))
    total = fold(lambda a, x: a + pre(x, init=0.0), 0.0)(when(xs, c))
    return slow, both, merge(c, total, 0.0)
