"""One stream, two buffers: each reader has its own pace and its own size, and gets the same values."""

from syncml import Stream, buffer, hold, i32, node, when, word


@node
def main(x: Stream[i32]) -> tuple[Stream[i32], Stream[i32], Stream[i32]]:
    pairs = when(x, word("(110000)"))
    quick = buffer(pairs, at=word("(101000)"))
    slow = buffer(pairs, at=word("(000011)"))
    return hold(quick), hold(slow, init=0), hold(buffer(quick, at=word("(000011)")) - slow, init=0)
