"""Registers that read each other: the pair of a Fibonacci number, and a rotation."""

from syncml import Stream, f32, i32, node, state


@node
def fibonacci() -> Stream[i32]:
    a, b = state(init=0), state(init=1)
    a.next, b.next = b, a + b
    return a


@node
def oscillator(push: Stream[f32]) -> Stream[f32]:
    x, v = state(init=1.0), state(init=0.0)
    v.next = v - 0.1 * x + push
    x.next = x + 0.1 * v
    return x


@node
def main(push: Stream[f32]) -> tuple[Stream[i32], Stream[f32]]:
    return fibonacci(), oscillator(0.01 * push)
