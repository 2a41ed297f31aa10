"""Times in a node without a rate, and a rate taken from a stream that has none."""

from syncml import Hz, Stream, f32, node, sample, when


@node(at={"y": Hz(10)})
def timeless(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:  # error: [C004]
    return sample(x, to=Hz(10))  # error: [C004]


@node(rate=Hz(100))
def main(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    slow = timeless(x, x)
    uneven = sample(when(x, c), to=Hz(10))  # error: [C004]
    return x
