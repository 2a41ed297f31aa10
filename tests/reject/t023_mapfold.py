from typing import Literal as L

from syncml import Stream, Vec, f32, mapfold, node


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[f32]:
    last, parts = mapfold(lambda acc, x: acc + x, 0.0)(xs)  # error: [T023]
    return last
