"""`and` in the condition of an `if`: the connective is the first thing to repair."""

from syncml import Stream, f32, node


@node
def connect(x: Stream[f32]) -> Stream[f32]:
    if x > 0.0 and x < 1.0:  # error: [L002]
        return x
    return -x
