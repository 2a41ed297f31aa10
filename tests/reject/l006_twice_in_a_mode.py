import enum

from syncml import Stream, automaton, f32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    y = mode.shared(f32, default=0.0)
    with mode(Mode.OFF):
        y.define(x)
        y.define(-x)  # error: [L006]
        mode.go(Mode.ON, when=go)
    return y
