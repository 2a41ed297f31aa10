"""Operations below a member of an enumeration, a call below it, and the merge of all members."""

import enum

from syncml import Stream, i32, merge, node, state, when


class Lane(enum.Enum):
    LEFT = 0
    MIDDLE = 1
    RIGHT = 2


@node
def count(step: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + step
    return n


@node
def main(lane: Stream[Lane], x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    left = count(when(x, lane, Lane.LEFT))
    right = when(x, lane, Lane.RIGHT)
    squared = right * right
    y = merge(lane, {Lane.LEFT: left, Lane.MIDDLE: 0, Lane.RIGHT: squared})
    n = merge(lane, {Lane.LEFT: 1, Lane.MIDDLE: count(when(x, lane, Lane.MIDDLE)), Lane.RIGHT: -1})
    return y, n
