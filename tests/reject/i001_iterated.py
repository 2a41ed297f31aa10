from typing import Literal as L

from syncml import Stream, Vec, each, f32, node, pre


@node
def change(x: Stream[f32]) -> Stream[f32]:
    return x - pre(x)  # error: [I001]


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return each(change)(xs)
