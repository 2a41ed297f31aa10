"""A node with a buffer, called on two clocks; the size is a property of the node."""

from syncml import Stream, buffer, every, f32, hold, node, sample


@node
def paired(x: Stream[f32]) -> Stream[f32]:
    return hold(buffer(sample(x, every(2))) * sample(x, every(2, phase=1)), init=0.0)


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return paired(x), hold(paired(sample(x, every(3))), init=0.0)
