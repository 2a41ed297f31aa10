"""A buffer that passes values on within an instant does not break a loop."""

from syncml import Stream, buffer, f32, node, when, wire, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)  # error: [K001]
    y = when(x, word("(10)")) + back
    back.define(buffer(y * 0.5))
    return y
