"""A node that calls itself through another; the cycle is cut where it closes."""

from syncml import Stream, f32, node


@node
def ping(x: Stream[f32]) -> Stream[f32]:
    return pong(x) + 1.0


@node
def pong(x: Stream[f32]) -> Stream[f32]:
    return ping(x) + 1.0  # error: [L010]


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return ping(x)
