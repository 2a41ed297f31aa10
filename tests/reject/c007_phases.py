"""The camera is 30 ms later than the radar."""

from syncml import Hz, Stream, buffer, f32, ms, node


@node(rate=Hz(100), at={"radar": Hz(20), "camera": Hz(20, phase=ms(30))})
def main(radar: Stream[f32], camera: Stream[f32]) -> Stream[f32]:
    return radar + buffer(camera)  # error: [C007]
