from typing import Literal as L

from syncml import Stream, Vec, f32, node, scan, vec


@node
def main(xs: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return scan(lambda acc, x: vec(acc, x), 0.0)(xs)  # error: [T022]
