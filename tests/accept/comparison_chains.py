"""Intervals, hysteresis, the order of NaN, and a vote of three."""

from syncml import Stream, f32, node, pre, where, wire


@node
def main(
    x: Stream[f32], y: Stream[f32], z: Stream[f32]
) -> tuple[Stream[bool], Stream[bool], Stream[bool], Stream[f32]]:
    inside = (x >= -1.0) & (x < y) & (y <= z)
    on = wire(bool)
    on.define((x > 1.0) | (pre(on, init=False) & (x > -1.0)))
    number = (x == x) & ~(y != y)
    a, b = abs(x - y) < 1.0, abs(y - z) < 1.0
    vote = where(a, x, where(b, y, z))
    return inside, on, number ^ (a | b), vote
