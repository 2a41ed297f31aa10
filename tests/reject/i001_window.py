"""What was before the first instant is a constant, of the type of the stream."""

from syncml import Stream, f32, node, window


@node
def main(x: Stream[f32], first: Stream[f32]) -> Stream[f32]:
    w = window(x, 3, init=first)  # error: [I001]
    flags = window(x > 0.0, 3, init=1)  # error: [T001]
    return w.sum() + window(flags.any(), 2, init=False).any()
