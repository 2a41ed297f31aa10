from typing import Literal as L

from syncml import Hz, Stream, Vec, each, f32, node, when


@node
def add(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return x + y


@node(rate=Hz(100))
def main(xs: Stream[Vec[L[3]]], ys: Stream[Vec[L[3]]], c: Stream[bool]) -> Stream[Vec[L[3]]]:
    return each(add)(xs, when(ys, c))  # error: [C001]
