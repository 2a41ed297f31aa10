"""Clocks that depend on data, and no size."""

from syncml import Stream, buffer, f32, node, when


@node
def main(x: Stream[f32], c: Stream[bool], d: Stream[bool]) -> tuple[Stream[f32], Stream[bool]]:
    return buffer(when(x, c), at=d), d  # error: [C008]
