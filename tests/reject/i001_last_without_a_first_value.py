import enum

from syncml import Stream, automaton, f32, last, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    y = mode.shared(f32)  # error: [I001]
    with mode(Mode.OFF):
        y.define(last(y) + x)
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        y.define(x)
    return y
