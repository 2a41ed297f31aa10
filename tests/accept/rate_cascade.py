"""Rates that divide each other, 400 Hz to 50 Hz, a filter with memory at each."""

from syncml import Hz, Stream, f32, hold, node, sample, state


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.5 * y + 0.5 * x
    return y.next


@node(rate=Hz(400))
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    fast = smooth(x)
    control = smooth(sample(fast, to=Hz(200)))
    plan = smooth(sample(control, to=Hz(100)))
    slow = sample(plan, to=Hz(50))
    return hold(control + hold(plan)), hold(hold(hold(smooth(slow))))
