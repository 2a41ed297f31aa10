"""A column against a row, a scalar against both, and a choice by a row of truth values."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, node, where


@node
def main(a: Stream[Vec[L[3]]], b: Stream[Vec[L[2]]], x: Stream[f32]) -> Stream[Mat[L[2], L[3]]]:
    column = b.reshape(2, 1)
    distance = abs(column - a)
    near = where(distance < x, distance, x * 1.0)
    return where(a > 0.0, near, near * column)
