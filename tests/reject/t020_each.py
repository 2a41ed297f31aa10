from typing import Literal as L

from syncml import Stream, Vec, each, f32, node


@node
def main(xs: Stream[Vec[L[3]]], ys: Stream[Vec[L[4]]]) -> Stream[Vec[L[3]]]:
    return each(lambda x, y: x + y)(xs, ys)  # error: [T020]
