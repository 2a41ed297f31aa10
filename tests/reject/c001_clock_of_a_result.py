"""A result that is sampled by another result of the call meets a stream of every instant."""

from syncml import Stream, f32, merge, node, when


@node
def detect(x: Stream[f32]) -> tuple[Stream[f32], Stream[bool]]:
    found = x > 1.0
    return when(x, found), found


@node
def main(x: Stream[f32]) -> Stream[f32]:
    value, found = detect(x)
    return merge(found, x + value, 0.0)  # error: [C001]
