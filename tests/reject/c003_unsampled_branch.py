"""A branch of a merge is present at every instant."""

from syncml import Hz, Stream, f32, merge, node, when


@node(rate=Hz(10))
def choose(c: Stream[bool], x: Stream[f32]) -> Stream[f32]:
    return merge(c, when(x, c), x)  # error: [C003]
