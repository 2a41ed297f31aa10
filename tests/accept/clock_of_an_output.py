"""A node that says when its result is there: an output on the clock of another output."""

from syncml import Stream, hold, i32, merge, node, pre, when


@node
def changes(x: Stream[i32]) -> tuple[Stream[bool], Stream[i32]]:
    changed = x != pre(x, init=0)
    return changed, when(x, changed)


@node
def main(x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    new, y = changes(x % 2)
    newer, z = changes(x % 3)
    return merge(new, y, 0), hold(z * 2, init=1) + merge(newer, z, -1)
