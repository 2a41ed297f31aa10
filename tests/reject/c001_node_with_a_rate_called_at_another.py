"""A 25 Hz node is called with 100 Hz streams."""

from syncml import Hz, Stream, f32, node, pre


@node(rate=Hz(25))
def tracker(radar: Stream[f32]) -> Stream[f32]:
    return radar - pre(radar, init=0.0)


@node(rate=Hz(100))
def pipeline(radar: Stream[f32]) -> Stream[f32]:
    return tracker(radar)  # error: [C001]
