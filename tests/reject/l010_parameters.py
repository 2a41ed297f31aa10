"""A recursion on a Python value that never ends."""

from syncml import Stream, f32, node


@node
def deeper(x: Stream[f32], level: int = 0) -> Stream[f32]:
    return deeper(x, level=level + 1)  # error: [L010]
