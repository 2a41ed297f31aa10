from typing import Literal as L

from syncml import Stream, Vec, cast, f32, fold, i32, node


@node
def main(xs: Stream[Vec[L[3]]], n: Stream[i32]) -> Stream[i32]:
    return fold(lambda acc, x: cast(acc, f32) + x, n)(xs)  # error: [T022]
