from typing import Literal as L

from syncml import Stream, Vec, each, f32, node


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return each(lambda x: 2.0 * x, size=4)(xs)  # error: [T020]
