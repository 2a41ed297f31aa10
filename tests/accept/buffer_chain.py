"""Two buffers one behind the other, each paced by a word of its own."""

from syncml import Stream, buffer, hold, i32, node, pre, when, word


@node
def main(x: Stream[i32]) -> Stream[i32]:
    burst = when(x, word("(1^3 0^3)"))
    paced = buffer(burst, at=word("(01)"))
    doubled = 2 * paced + pre(paced, init=1)
    late = buffer(doubled, at=word("0^6 (001110)"))
    return hold(late, init=0)
