"""Two nodes that no other calls, and no `main`.  # error: [L009]"""

from syncml import Stream, f32, node


@node
def first(x: Stream[f32]) -> Stream[f32]:
    return x


@node
def second(x: Stream[f32]) -> Stream[f32]:
    return -x
