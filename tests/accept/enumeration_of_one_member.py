"""An enumeration with one member has one branch; another with the same names is another type."""

import enum

from syncml import Stream, i32, merge, node, switch, when


class Only(enum.Enum):
    ONE = 0


class Both(enum.Enum):
    ONE = 0
    TWO = 1


@node
def main(only: Stream[Only], both: Stream[Both], x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    y = merge(only, {Only.ONE: when(x, only, Only.ONE) + 1})
    chosen = switch(both)
    z = chosen.shared(i32)
    with chosen(Both.ONE):
        z.define(x)
    with chosen(Both.TWO):
        z.define(-x)
    return y, z
