"""Both branches of a merge are present on the same condition."""

from syncml import Stream, f32, merge, node, when


@node
def choose(c: Stream[bool], x: Stream[f32]) -> Stream[f32]:
    yes = when(x, c)
    return merge(c, yes, -yes)  # error: [C003]
