import enum

from syncml import Stream, f32, node, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def main(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    chosen = switch(x)  # error: [T006]
    with chosen(1.0):
        pass
    return x
