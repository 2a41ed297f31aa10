"""when and merge on a Boolean, its negation and an enumeration."""

import enum

from syncml import Stream, f32, merge, node, pre, when


class Mode(enum.Enum):
    """Of a controller."""

    OFF = 0
    CRUISE = 1
    FOLLOW = 2


@node
def clocks(c: Stream[bool], mode: Stream[Mode], x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    a = merge(c, when(x, c), when(-x, ~c))
    b = merge(~c, when(x, ~c), 1)
    cruise = when(x, mode, Mode.CRUISE)
    d = merge(mode, {Mode.OFF: 0, Mode.CRUISE: pre(cruise, init=0.0), Mode.FOLLOW: when(x * 2.0, mode, Mode.FOLLOW)})
    return a, b, d
