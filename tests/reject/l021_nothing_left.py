import enum

from syncml import Stream, f32, node, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    chosen = switch(go)
    y = chosen.shared(f32)
    with chosen(True):
        y.define(x)
    with chosen(False):
        y.define(-x)
    with chosen.otherwise():  # error: [L021]
        y.define(0.0)
    return y
