import enum

from syncml import Stream, f32, node, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    chosen = switch(go)
    y = chosen.shared(f32)  # error: [L022]
    with chosen(True):
        y.define(x)
    return y
