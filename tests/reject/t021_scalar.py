from typing import Literal as L

from syncml import Stream, Vec, each, f32, node


@node
def gain(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    return k * x


@node
def main(xs: Stream[Vec[L[3]]], k: Stream[f32]) -> Stream[Vec[L[3]]]:
    return each(gain)(xs, k)  # error: [T021]
