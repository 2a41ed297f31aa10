"""A buffer that is read in one mode and written in another, with conditions inside each other."""

import enum

from syncml import Stream, buffer, f32, merge, node, when


class Mode(enum.Enum):
    FILL = 0
    REST = 1
    EMPTY = 2


@node
def batch(x: Stream[f32], mode: Stream[Mode], urgent: Stream[bool]) -> tuple[Stream[f32], Stream[bool]]:
    wanted = mode == Mode.EMPTY
    first = when(urgent, wanted)
    y = buffer(when(x, mode, Mode.FILL), at=first, init=[7.0], size=5)
    taken = when(when(x, wanted), ~first)
    both = merge(first, y, taken)
    return merge(wanted, both, 0.0), wanted
