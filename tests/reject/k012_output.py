"""An actuator that is driven by the future, by the rest of a segment and by one instant."""

from syncml import Stream, f32, node, post, segment, wire


@node
def actuator(r: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=8):
        g = wire(f32)
        g.define(r + 0.9 * post(g, init=0.0))
        command = 2.0 * g  # error: [K012]
        slope = post(r, init=r) - r  # error: [K012]
    return command, slope
