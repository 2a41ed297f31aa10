import enum

from syncml import Stream, automaton, f32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    with mode(Mode.OFF):
        mode.go(Mode.ON, when=x)  # error: [T006]
    return x
