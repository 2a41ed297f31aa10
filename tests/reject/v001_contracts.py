"""Clauses that are not Boolean streams."""

from typing import Literal as L

from syncml import Stream, Vec, assume, ensure, f32, node


@node
def main(x: Stream[f32], v: Stream[Vec[L[2]]]) -> Stream[f32]:
    assume(x, "x")  # error: [V001]
    ensure(v > 0.0, "v")  # error: [V001]
    return x
