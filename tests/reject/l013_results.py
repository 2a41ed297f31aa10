"""Results that are not what the annotation says."""

from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node


@node
def nothing(x: Stream[f32]) -> Stream[f32]:  # error: [L013]
    y = x + 1.0


@node
def number(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return x, x, x  # error: [L013]


@node
def kind(x: Stream[f32]) -> Stream[i32]:
    return x + 1.0  # error: [L013]


@node
def size(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[2]]]:
    return x * 2.0  # error: [L013]


@node
def main(x: Stream[f32], v: Stream[Vec[L[3]]]) -> Stream[f32]:
    nothing(x)
    number(x)
    kind(x)
    size(v)
    return x
