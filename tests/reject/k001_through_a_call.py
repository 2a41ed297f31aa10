"""A loop through the direct output of a node."""

from syncml import Stream, f32, node, pre, wire


@node
def gain(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return 2.0 * x, pre(x, init=0.0)


@node
def loop(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)  # error: [K001]
    now, _ = gain(x - back)
    back.define(now)
    return now
