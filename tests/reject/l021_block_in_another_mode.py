import enum

from syncml import Stream, automaton, f32, node, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    chosen = switch(go)
    with mode(Mode.OFF), chosen(True):  # error: [L021]
        mode.go(Mode.ON, when=go)
    return x
