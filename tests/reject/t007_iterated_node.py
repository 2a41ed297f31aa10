from typing import Literal as L

from syncml import Stream, Vec, each, f32, i32, node


@node
def gain(x: Stream[f32], k: float) -> Stream[f32]:
    return k * x


@node
def main(xs: Stream[Vec[L[3]]], ns: Stream[Vec[L[3], i32]]) -> tuple[Stream[Vec[L[3]]], Stream[Vec[L[3]]]]:
    few = each(gain)(xs)  # error: [T007]
    wrong = each(gain)(ns, 2.0)  # error: [T007]
    return few, wrong
