"""A branch is sampled by another constructor than it is merged by."""

from enum import Enum

from syncml import Stream, f32, merge, node, when


class Mode(Enum):
    CRUISE = 0
    FOLLOW = 1


@node
def command(mode: Stream[Mode], x: Stream[f32]) -> Stream[f32]:
    cruise = when(x, mode, Mode.CRUISE)
    follow = when(-x, mode, Mode.CRUISE)
    return merge(mode, {Mode.CRUISE: cruise, Mode.FOLLOW: follow})  # error: [C003]
