"""A sensor of 50 Hz into a filter of 20 Hz: 30 values too many in a second; and the other way round."""

from syncml import Hz, Stream, buffer, f32, node, sample


@node(rate=Hz(100), at={"sensor": Hz(50)})
def main(sensor: Stream[f32], v: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    slow = sample(v, to=Hz(20))
    extra = buffer(sensor)  # error: [C006]
    missing = buffer(slow)  # error: [C006]
    return slow + extra, sensor + missing
