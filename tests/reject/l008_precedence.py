"""`&` without parentheses around the comparisons, on floats and on integers."""

from syncml import Stream, f32, i32, node


@node
def tight(x: Stream[f32], y: Stream[f32], n: Stream[i32]) -> Stream[bool]:
    a = x < 3.0 & y > 2.0  # error: [L008]
    b = n < 3 & n > 2  # error: [L008]
    c = (x > 0.0) | y < 1.0  # error: [L008]
    return (a & b) & c
