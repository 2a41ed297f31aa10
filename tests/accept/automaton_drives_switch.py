"""The active mode of an automaton is a stream: a switch on it, a comparison, a memory."""

import enum

from syncml import Stream, automaton, i32, node, pre, switch, where


class Mode(enum.Enum):
    LEFT = 0
    STRAIGHT = 1
    RIGHT = 2


@node
def main(turn: Stream[i32]) -> tuple[Stream[Mode], Stream[i32], Stream[bool]]:
    mode = automaton(Mode, initial=Mode.STRAIGHT)
    with mode(Mode.LEFT):
        mode.go(Mode.STRAIGHT, when=turn >= 0)
    with mode(Mode.STRAIGHT):
        mode.go(Mode.LEFT, when=turn < -10)
        mode.go(Mode.RIGHT, when=turn > 10)
    with mode(Mode.RIGHT):
        mode.go(Mode.STRAIGHT, when=turn <= 0)
    angle = switch(mode.state)
    lamp = angle.shared(i32, default=0)
    with angle(Mode.LEFT):
        lamp.define(-1)
    with angle(Mode.RIGHT):
        lamp.define(where(turn > 20, 2, 1))
    changed = mode.state != pre(mode.state, init=Mode.STRAIGHT)
    return mode.state, lamp, changed
