"""Rates and phases that do not fit the rate of the node."""

from syncml import Hz, Stream, f32, ms, node, sample


@node(rate=Hz(100), at={"radar": Hz(30)})
def main(radar: Stream[f32], v: Stream[f32]) -> Stream[f32]:  # error: [C002]
    a = sample(v, to=Hz(40))  # error: [C002]
    b = sample(v, to=Hz(200))  # error: [C002]
    c = sample(v, to=Hz(10), phase=ms(15))  # error: [C002]
    d = sample(sample(v, to=Hz(50)), to=Hz(20))  # error: [C002]
    return v
