import enum

from syncml import Stream, automaton, f32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    with mode(Mode.OFF):
        y = x + 1.0
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        mode.go(Mode.OFF, when=y > 0.0)  # error: [L007]
    return y  # error: [L007]
