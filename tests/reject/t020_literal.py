from typing import Literal as L

from syncml import Stream, Vec, f32, fold, node


@node
def weighted(acc: Stream[f32], x: Stream[f32], w: Stream[f32]) -> Stream[f32]:
    return acc + w * x


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[f32]:
    return fold(weighted, 0.0)(xs, [0.5, 0.25])  # error: [T020]
