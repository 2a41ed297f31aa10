"""A fold, a scan and a map with accumulator over nodes with state, in both directions."""

from typing import Literal as L

from syncml import Stream, Vec, f32, fold, mapfold, node, pre, scan, state


@node
def blend(acc: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    mean = state(init=0.0)
    mean.next = 0.75 * mean + 0.25 * x
    return acc + mean * x


@node
def carry(acc: Stream[f32], x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    old = pre(acc, init=1.0)
    return acc - x, old + x


@node
def main(
    xs: Stream[Vec[L[3]]],
) -> tuple[Stream[f32], Stream[f32], Stream[Vec[L[3]]], Stream[f32], Stream[Vec[L[3]]]]:
    up = fold(blend, 0.0)(xs)
    down = fold(blend, 0.0, backwards=True)(xs)
    all_of_them = scan(blend, up)(xs)
    rest, parts = mapfold(carry, 2.0, backwards=True)(xs)
    return up, down, all_of_them, rest, parts
