"""Strong transitions take effect at once, from some modes or from all others, before the weak ones."""

import enum

from syncml import Stream, automaton, i32, last, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(button: Stream[bool], broken: Stream[bool], mended: Stream[bool]) -> tuple[Stream[Mode], Stream[i32]]:
    mode = automaton(Mode, initial=Mode.ON)
    level = mode.shared(i32, init=0)
    mode.unless(Mode.FAULT, when=broken & (last(level) < 10))
    mode.unless(Mode.ON, when=mended, source=Mode.FAULT, resume=True)
    mode.unless(Mode.OFF, when=mended, source=(Mode.FAULT, Mode.ON))
    with mode(Mode.ON):
        level.define(last(level) + 1)
        mode.go(Mode.OFF, when=button)
    with mode(Mode.OFF):
        level.define(last(level) - 1)
        mode.go(Mode.ON, when=button)
    return mode.state, level
