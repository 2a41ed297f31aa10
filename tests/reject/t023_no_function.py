from typing import Literal as L

from syncml import Stream, Vec, each, f32, node


@node
def gain(x: Stream[f32]) -> Stream[f32]:
    return 2.0 * x


@node
def main(xs: Stream[Vec[L[3]]], x: Stream[f32]) -> Stream[Vec[L[3]]]:
    return each(gain(x))(xs)  # error: [T023]
