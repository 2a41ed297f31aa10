"""One block for all values that have none."""

import enum

from syncml import Stream, i32, node, state, switch


class Gear(enum.Enum):
    LOW = 0
    MID = 1
    HIGH = 2
    REVERSE = 3


@node
def main(gear: Stream[Gear], x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    chosen = switch(gear)
    y = chosen.shared(i32)
    z = chosen.shared(i32, init=4)
    with chosen(Gear.REVERSE):
        y.define(-x)
    with chosen(Gear.LOW):
        y.define(2 * x)
        z.define(x)
    with chosen.otherwise():
        n = state(init=0)
        n.next = n + 1
        y.define(n + x)
    return y, z
