"""A node that gets another node as a Python value; one trace for each that it gets."""

from collections.abc import Callable

from syncml import Stream, f32, node, state


@node
def saturate(x: Stream[f32]) -> Stream[f32]:
    return x / (1.0 + abs(x))


@node
def leak(x: Stream[f32]) -> Stream[f32]:
    return 0.9 * x


@node
def integrator(x: Stream[f32], shape: Callable[[Stream[f32]], Stream[f32]], times: int) -> Stream[f32]:
    y = state(init=0.0)
    value = y + x
    for _ in range(times):
        value = shape(value)
    y.next = value
    return y


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return integrator(x, saturate, 1) + integrator(x, leak, 2) - integrator(2.0 * x, leak, 2)
