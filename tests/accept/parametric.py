"""Nodes that Python functions build from sizes and gains; a chain of them."""

from collections.abc import Callable
from typing import Literal as L

from syncml import Stream, Vec, f32, fby, node, vec


def delay_line(length: int) -> Callable[[Stream[f32]], Stream[f32]]:
    """Build a node that delays by ``length`` ticks."""

    @node
    def delay(x: Stream[f32]) -> Stream[f32]:
        for _ in range(length):
            x = fby(0.0, x)
        return x

    return delay


@node
def main(x: Stream[f32]) -> Stream[Vec[L[3]]]:
    return vec(delay_line(1)(x), delay_line(3)(x), delay_line(3)(x * 2.0))
