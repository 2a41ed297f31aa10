"""A block for each value of an enumeration, with memory that stands still in the others."""

import enum

from syncml import Stream, f32, node, pre, switch


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(selected: Stream[Mode], x: Stream[f32]) -> Stream[f32]:
    chosen = switch(selected)
    y = chosen.shared(f32)
    with chosen(Mode.OFF):
        y.define(0.0)
    with chosen(Mode.ON):
        y.define(x - pre(x, init=0.0))
    with chosen(Mode.FAULT):
        y.define(pre(y, init=1.0) * 0.5)
    return y
