"""Instances have their own state; equal parameters share a node, different ones do not."""

from syncml import Stream, f32, node, state


@node
def integrate(x: Stream[f32], gain: float = 1.0) -> Stream[f32]:
    total = state(init=0.0)
    total.next = total + gain * x
    return total


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    a = integrate(x)
    b = integrate(a)
    c = integrate(x, gain=2.0)
    return a, b, c
