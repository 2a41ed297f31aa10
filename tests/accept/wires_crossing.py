"""Two nodes that feed each other, each with a wire to what comes later; one delay in the circle."""

from syncml import Stream, f32, fby, node, wire


@node
def left(x: Stream[f32], back: Stream[f32]) -> Stream[f32]:
    return 0.5 * x + 0.25 * back


@node
def right(x: Stream[f32]) -> Stream[f32]:
    return fby(1.0, 0.5 * x)


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    there, back = wire(f32), wire(f32)
    there.define(left(x, back))
    back.define(right(there))
    return there, back
