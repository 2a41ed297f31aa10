"""A loop through a buffer: each value would have to be there before it is computed."""

from syncml import Stream, buffer, f32, node, when, wire, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)
    y = buffer(x) + back
    back.define(buffer(when(y, word("0(1)"))))  # error: [C007]
    return y
