"""A program of two nodes of which only one is called: the other is the main one."""

from syncml import Stream, f32, node


@node
def outer(x: Stream[f32]) -> Stream[f32]:
    return inner(inner(x))


@node
def inner(x: Stream[f32]) -> Stream[f32]:
    return x * 2.0
