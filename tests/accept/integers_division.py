"""Quotients and remainders round downwards, for each sign; by zero they have a value."""

from typing import Literal as L

from syncml import Stream, Vec, i16, i32, node, u16, vec


@node
def main(a: Stream[i32], b: Stream[i16], c: Stream[u16]) -> tuple[Stream[Vec[L[4], i32]], Stream[i16], Stream[u16]]:
    divided = vec(a // 7, a // -7, a % 7, a % -7)
    back = (b // 10) * 10 + b % 10 - b
    return divided, b // (b % 3) + back, c % (c // 1000)
