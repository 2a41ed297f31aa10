"""A 30 Hz node in a 100 Hz node."""

from syncml import Hz, Stream, f32, node, pre


@node(rate=Hz(30))
def camera(x: Stream[f32]) -> Stream[f32]:
    return x - pre(x, init=0.0)


@node(rate=Hz(100))
def pipeline(x: Stream[f32]) -> Stream[f32]:
    return camera(x)  # error: [C002]
