"""A sum is taken at the end of each segment and held through the next one."""

from syncml import Stream, f32, hold, node, segment, state, when


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=4) as block:
        total = state(init=0.0)
        total.next = total + x
        mean = 0.25 * when(total.next, block.last)
    return hold(mean, init=0.0), total
