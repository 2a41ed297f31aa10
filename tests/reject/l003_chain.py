"""Chained comparisons."""

from syncml import Stream, f32, node, where


@node
def inside(x: Stream[f32], low: Stream[f32]) -> Stream[f32]:
    c = 0.0 < x < 5.0  # error: [L003]
    d = low <= x < low + 1.0 <= 7.0  # error: [L003]
    return where(c & d, x, low)
