"""A transition to a mode that the enumeration does not have."""

import enum

from syncml import Stream, automaton, f32, node


class Door(enum.Enum):
    CLOSED = 0
    OPEN = 1


@node
def main(x: Stream[f32], push: Stream[bool]) -> Stream[f32]:
    door = automaton(Door)
    y = door.shared(f32, default=0.0)
    with door(Door.CLOSED):
        door.go(Door.BROKEN, when=push)  # error: [T004]
    with door(Door.OPEN):
        y.define(x)
    return y
