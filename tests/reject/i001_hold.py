"""A hold of what may be absent at first."""

from syncml import Hz, Stream, f32, hold, ms, node, sample, when


@node(rate=Hz(100))
def main(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    a = hold(when(x, c))  # error: [I001]
    b = hold(sample(x, to=Hz(10), phase=ms(50)))  # error: [I001]
    return x
