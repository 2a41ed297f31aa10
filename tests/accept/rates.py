"""25 Hz in a node of 100 Hz, held and sampled to 10 Hz; phases."""

from syncml import Hz, Stream, f32, hold, ms, node, sample


@node(rate=Hz(100), at={"radar": Hz(25), "camera": Hz(20, phase=ms(10))})
def rates(radar: Stream[f32], camera: Stream[f32], v: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    smooth = hold(radar)
    slow = sample(smooth, to=Hz(10))
    slower = sample(slow, to=Hz(5), phase=ms(100))
    return smooth, hold(hold(slower, init=0.0), init=0.0), v + hold(camera, init=1.0)
