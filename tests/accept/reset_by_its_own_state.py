"""A counter that resets its neighbour, through the memory of a third register."""

from syncml import Stream, i32, node, pre, reset_every, state


@node
def main(step: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    ticks = state(init=0)
    full = ticks >= 4
    with reset_every(full):
        total = state(init=0)
        total.next = total + step
    ticks.next = (ticks + 1) % 5
    with reset_every(pre(total > 100, init=False)):
        peaks = state(init=0)
        peaks.next = peaks + 1
    return total, peaks
