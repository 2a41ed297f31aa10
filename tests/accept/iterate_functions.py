"""Plain functions of streams, which read streams around them, and everything that is a fold."""

from typing import Literal as L

from syncml import Stream, Vec, each, f32, fold, i32, mapfold, node, scan, state, where


@node
def main(
    xs: Stream[Vec[L[5]]], k: Stream[f32], up: Stream[Vec[L[5], bool]]
) -> tuple[
    Stream[Vec[L[5]]], Stream[f32], Stream[Vec[L[5]]], Stream[Vec[L[5]]], Stream[f32], Stream[Vec[L[5]]], Stream[i32]
]:
    def leaky(x: Stream[f32]) -> Stream[f32]:
        total = state(init=0.0)
        total.next = 0.5 * total + k * x
        return total

    sums = each(leaky)(xs)
    peak = fold(lambda most, x: where(x > most, x, most), 0.0)(sums)
    running = scan(lambda a, x: a + x, k)(xs)
    suffix = scan(lambda a, x: a * 0.5 + x, 0.0, backwards=True)(xs)
    last, before = mapfold(lambda a, x: (x, a), 0.0)(xs)
    odd = fold(lambda n, b: n + where(b, 1, 0), 0)(up)
    return sums, peak, running, suffix, last, before, odd
