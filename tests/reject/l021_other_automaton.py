import enum

from syncml import Stream, automaton, f32, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


class Light(enum.Enum):
    RED = 0
    GREEN = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    mode = automaton(Mode)
    light = automaton(Light)
    with mode(Mode.OFF):
        mode.go(Light.RED, when=go)  # error: [L021]
        light.go(Light.GREEN, when=go)  # error: [L021]
    mode.unless(Light.RED, when=go)  # error: [L021]
    return x
