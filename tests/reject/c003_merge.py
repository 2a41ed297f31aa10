"""A member without a branch."""

import enum

from syncml import Stream, f32, merge, node, when


class Mode(enum.Enum):
    OFF = 0
    CRUISE = 1
    FOLLOW = 2


@node
def main(mode: Stream[Mode], x: Stream[f32]) -> Stream[f32]:
    return merge(mode, {Mode.OFF: 0.0, Mode.CRUISE: when(x, mode, Mode.CRUISE)})  # error: [C003]
