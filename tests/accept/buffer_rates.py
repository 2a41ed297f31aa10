"""Two phases of one rate in a node of 100 Hz."""

from syncml import Hz, Stream, buffer, f32, hold, ms, node, sample


@node(rate=Hz(100), at={"radar": Hz(20), "camera": Hz(20, phase=ms(30))})
def fused(radar: Stream[f32], camera: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    both = 0.5 * (buffer(radar) + camera)
    late = buffer(sample(v, to=Hz(20)))
    return hold(both + late, init=0.0)
