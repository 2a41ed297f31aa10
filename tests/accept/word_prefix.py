"""Words with letters in front: a start that differs, the rest for ever; powers of groups."""

from syncml import Stream, hold, i32, merge, node, pre, when, word


@node
def main(x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    late = word("0^4 (1^2 0)")
    begun = word("0^4 (1)")
    seldom = when(x, late)
    merged = merge(begun, when(x, begun), -1)
    return hold(seldom - pre(seldom, init=0), init=0), merged
