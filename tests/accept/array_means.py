"""Means of all, of rows and of columns; truth along an axis; the axes counted from the end."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, f64, node, state, zeros


@node
def main(
    m: Stream[Mat[L[2], L[3]]], v: Stream[Vec[L[4], f64]]
) -> tuple[
    Stream[f32], Stream[Vec[L[3]]], Stream[Vec[L[2]]], Stream[Vec[L[3], bool]], Stream[Vec[L[2], bool]], Stream[f64]
]:
    smoothed = state(init=zeros(3))
    smoothed.next = 0.5 * (smoothed + m.mean(axis=0))
    return m.mean(), smoothed, m.mean(axis=-1), (m > 0.0).all(axis=0), (m > 0.0).any(axis=-1), v.mean()
