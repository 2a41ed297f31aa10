from typing import Literal as L

from syncml import Hz, Stream, Vec, each, f32, node, sample


@node(rate=Hz(100))
def slow(x: Stream[f32]) -> Stream[f32]:
    return sample(x, to=Hz(25))


@node(rate=Hz(100))
def main(xs: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return each(slow)(xs)  # error: [C012]
