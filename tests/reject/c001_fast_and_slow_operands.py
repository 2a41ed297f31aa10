"""A 25 Hz stream meets a 100 Hz stream without `hold`."""

from syncml import Hz, Stream, f32, node


@node(rate=Hz(100), at={"radar": Hz(25)})
def gap_error(radar: Stream[f32], speed: Stream[f32]) -> Stream[f32]:
    gap = radar * 0.04
    return speed - gap  # error: [C001]
