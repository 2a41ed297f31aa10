"""A clock for something that is no input, and one of the wrong kind."""

from syncml import Hz, Stream, f32, node


@node(rate=Hz(100), at={"radio": Hz(25), "v": "radar"})
def main(radar: Stream[f32], v: Stream[f32]) -> Stream[f32]:  # error: [L015] [L015]
    return radar * v
