"""A loop around an array of instances is none where it goes through their memory: the array is unrolled."""

from typing import Literal as L

from syncml import Stream, Vec, each, f32, node, pre, wire


@node
def both(x: Stream[f32], u: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    old = pre(u, init=1.0)
    return old + 0.0, x + old


@node
def main(xs: Stream[Vec[L[3]]]) -> tuple[Stream[Vec[L[3]]], Stream[Vec[L[3]]]]:
    u = wire(Vec[L[3]])
    old, new = each(both)(xs, u)
    u.define(old * 0.5)
    return new, old
