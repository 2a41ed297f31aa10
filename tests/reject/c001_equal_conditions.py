"""Two conditions that are always equal are two clocks: only the same stream is the same clock."""

from syncml import Stream, f32, node, when


@node
def main(radar: Stream[f32], camera: Stream[f32], speed: Stream[f32]) -> Stream[f32]:
    fast = speed > 10.0
    quick = speed > 10.0
    return when(radar, fast) + when(camera, quick)  # error: [C001]
