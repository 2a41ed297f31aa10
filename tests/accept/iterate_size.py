"""As many elements as `size` says, with nothing but an accumulator, or with constants."""

from typing import Literal as L

from syncml import Stream, Vec, each, f32, i32, mapfold, node, pre


@node
def step(acc: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return acc * 0.5, acc + pre(acc, init=0.0)


@node
def main(
    x: Stream[f32],
) -> tuple[Stream[f32], Stream[Vec[L[6]]], Stream[Vec[L[4]]], Stream[Vec[L[3], i32]], Stream[Vec[L[1]]]]:
    last, halves = mapfold(step, x, size=6)()
    weighted = each(lambda w: w * x)([0.5, 0.25, 0.125, 0.125])
    numbers = each(lambda i: i * i)(range(3))
    one = each(lambda y: y + pre(y, init=2.0))(halves[0:1])
    return last, halves, weighted, numbers, one
