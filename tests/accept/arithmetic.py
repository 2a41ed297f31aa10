"""Every arithmetic operator of floats and integers, with literals on both sides."""

from syncml import Stream, f32, i32, node


@node
def arithmetic(x: Stream[f32], y: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[i32]]:
    a = 1.0 + x - y * 2
    b = a / (y + 0.5) - -x
    c = (n // 3 + 7 % n) * (n - 1)
    d = ((c << 2) >> 1) & 0xFF | (n ^ 5)
    return +abs(b), ~d
