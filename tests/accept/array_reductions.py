"""Reductions over all, over rows and over columns; of truth values row by row."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, node, vec, where


@node
def main(m: Stream[Mat[L[2], L[3]]]) -> tuple[Stream[Vec[L[8]]], Stream[Vec[L[3], bool]], Stream[f32]]:
    positive = m > 0.0
    spread = m.max(axis=0) - m.min(axis=0)
    rows = m.sum(axis=1)
    both = vec(positive[0].all(), positive[1].any(), ~(positive[0] ^ positive[1]).any())
    return vec(spread, rows, m.sum(), m.min(), m.max()), both, where(positive.all(), m.sum(), 0.0)
