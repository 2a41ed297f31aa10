"""The condition of a comprehension, and membership."""

from syncml import Stream, f32, node


@node
def member(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    found = x in (y, 2.0)  # error: [L001]
    return x if found else y
